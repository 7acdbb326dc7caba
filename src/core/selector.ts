import { z } from "zod";
import { Id } from "./fields.ts";
import { plain } from "./secret.ts";

/** How a kind of attribute can be compared. Those of `ONE` take one text, the others a list. */
export const MATCHES = {
  text: ["equals", "in", "contains", "starts-with", "ends-with"],
  /** An address or a name of a host. */
  address: ["equals", "in", "in-network"],
  /** Several values at once: groups, roles, nodes. */
  set: ["any-of", "all-of"],
} as const;
const ONE: readonly string[] = ["equals", "contains", "starts-with", "ends-with"];
const ALL_MATCHES = ["equals", "in", "contains", "starts-with", "ends-with", "in-network", "any-of", "all-of"] as const;

/** The attributes by which things can be selected, and of which type each is. */
export type Attributes = Readonly<Record<string, keyof typeof MATCHES>>;

const MOST_IDS = 1000;
const MOST_VALUES = 200;
const Text = plain(z.string().trim().min(1, "Give a value.").max(255, "At most 255 characters."));

/** An address or a network: 192.0.2.7, 10.0.0.0/8, 2001:db8::/32. */
export const Network = plain(
  z.string().trim().max(64).refine(isNetwork, "Not an address or a network like 10.0.0.0/8."),
);
function isNetwork(text: string): boolean {
  return [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()].some((shape) => shape.safeParse(text).success);
}

const Condition = z.object({
  name: plain(z.string().max(64)),
  match: z.enum(ALL_MATCHES),
  value: z.union([Text, z.array(Text).min(1, "Give at least one value.").max(MOST_VALUES)]),
});
/** One comparison of an attribute. */
export type Condition = z.output<typeof Condition>;

/** Which things are meant: all, these, or those of which every condition holds. Nothing selects nothing by being empty. */
export const Selector = z.discriminatedUnion("type", [
  z.object({ type: z.literal("all") }),
  z.object({ type: z.literal("ids"), ids: z.array(Id).min(1, "Choose at least one.").max(MOST_IDS) }),
  z.object({
    type: z.literal("attributes"),
    all: z.array(Condition).min(1, "Give at least one condition.").max(20, "At most 20 conditions."),
  }),
]);
/** Which things are meant; see its shape. */
export type Selector = z.output<typeof Selector>;

/** A selector over these attributes only: an unknown name, or a match that does not fit its type, is refused. */
export const selectorOver = (attributes: Attributes) =>
  Selector.superRefine((selector, context) => {
    if (selector.type !== "attributes") return;
    for (const [place, condition] of selector.all.entries()) {
      const wrong = problemOf(attributes, condition);
      if (wrong) context.addIssue({ code: "custom", message: wrong.message, path: ["all", place, wrong.field] });
    }
  });

/** What a condition cannot be over these attributes; null: it is right. */
export function problemOf(
  attributes: Attributes,
  { name, match, value }: Condition,
): { readonly field: keyof Condition; readonly message: string } | null {
  const type = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (!type) return { field: "name", message: `Known are: ${Object.keys(attributes).join(", ")}.` };
  const matches: readonly string[] = MATCHES[type];
  if (!matches.includes(match)) return { field: "match", message: `Possible here: ${matches.join(", ")}.` };
  if (ONE.includes(match) === Array.isArray(value))
    return { field: "value", message: ONE.includes(match) ? "Give one value." : "Give a list of values." };
  if (match === "in-network" && [value].flat().some((network) => !isNetwork(network)))
    return { field: "value", message: "Not an address or a network like 10.0.0.0/8." };
  return null;
}
