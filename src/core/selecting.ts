import { createNetworks } from "./address.ts";
import { type Attributes, type Condition, problemOf, type Selector } from "./selector.ts";

/** A thing as a selector sees it. Absent or null: it has no such value, and no condition on it holds. */
export interface Selectable {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string | readonly string[] | null>>;
}

/** Names are unique whatever the case of letters, so they are compared like that. */
const folded = (text: string): string => text.normalize("NFC").toLowerCase();

/**
 * Whether a thing is meant by the selector: the one answer both to "which things" and to "which rules". Throws for a
 * selector that `selectorOver` these attributes refuses.
 */
export function createSelector(attributes: Attributes, selector: Selector): (thing: Selectable) => boolean {
  if (selector.type === "all") return () => true;
  if (selector.type === "ids") {
    if (selector.ids.length === 0) throw new Error("A selector names nobody");
    const ids = new Set(selector.ids.map((id) => id.toLowerCase()));
    return ({ id }) => ids.has(id.toLowerCase());
  }
  if (selector.all.length === 0) throw new Error("A selector has no condition");
  const tests = selector.all.map((condition) => createTest(attributes, condition));
  return (thing) => tests.every((test) => test(thing));
}

function createTest(attributes: Attributes, condition: Condition): (thing: Selectable) => boolean {
  const wrong = problemOf(attributes, condition);
  if (wrong) throw new Error(`A condition on ${condition.name} cannot be understood: ${wrong.message}`);
  const holds = createMatch(condition.match, [condition.value].flat());
  return ({ attributes: has }) => {
    const value = Object.hasOwn(has, condition.name) ? has[condition.name] : null;
    return value === null || value === undefined ? false : holds([value].flat());
  };
}

/** Whether the values that a thing has fit. What has one value is a list of one. */
function createMatch(match: Condition["match"], wanted: readonly string[]): (values: readonly string[]) => boolean {
  const texts = wanted.map(folded);
  const [first = ""] = texts;
  const among = new Set(texts);
  const one =
    (test: (value: string) => boolean) =>
    (values: readonly string[]): boolean =>
      values.some((value) => test(folded(value)));
  const tests: Record<Condition["match"], (values: readonly string[]) => boolean> = {
    equals: one((value) => value === first),
    in: one((value) => among.has(value)),
    "any-of": one((value) => among.has(value)),
    "all-of": (values) => texts.every((text) => values.some((value) => folded(value) === text)),
    contains: one((value) => value.includes(first)),
    "starts-with": one((value) => value.startsWith(first)),
    "ends-with": one((value) => value.endsWith(first)),
    "in-network": match === "in-network" ? inNetworks(wanted) : () => false,
  };
  return tests[match];
}

function inNetworks(networks: readonly string[]): (values: readonly string[]) => boolean {
  const holds = createNetworks(networks);
  return (values) => values.some(holds);
}

/** Tells whether a client's address lies in one of the networks. None are given: it does. An unknown one lies in none. */
export function createOrigin(networks: readonly string[]): (address: string | null) => boolean {
  if (networks.length === 0) return () => true;
  const holds = inNetworks(networks);
  return (address) => address !== null && holds([address]);
}

/** See `createOrigin`; for one question. */
export const comesFrom = (networks: readonly string[], address: string | null): boolean =>
  createOrigin(networks)(address);
