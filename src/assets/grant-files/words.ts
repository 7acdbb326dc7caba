import { Fault } from "../../core/index.ts";
import { AtEnd, GRANT_ACTIONS, type GrantAction, type Grant } from "../schema.ts";

/**
 * The language of the cells of a rule. A list is separated by semicolons or line ends. A word begins with `@`, a name that
 * is excluded with `!`. A backslash makes the next of \ ; ； / @ ! and of line ends part of a name; before anything else
 * it is itself one, as in DOMAIN\admin.
 */
const ESCAPABLE = "\\;；/@!\n";
const SEPARATORS = ";；\n";

/** Nothing at all; an empty cell says nothing instead, and leaves things as they are. */
const NONE = "@none";
/** More than a cell holds: the import leaves it as it is. */
export const UNCHANGED = "@unchanged";
const ALL = "@all";
const VIRTUAL = { "@manual": "manual", "@same-name": "sameName", "@anonymous": "anonymous" } as const;

/** Below the 32,767 of a spreadsheet's cell. */
const LONGEST_WRITTEN = 32_000;

const name = (text: string): string => text.replace(/[\\;；\n]/g, "\\$&").replace(/^[@!]/, "\\$&");

/** From the root down, which is left out: `/` is the root, `/Servers/Linux` a node two below. */
export const pathOf = (names: readonly string[]): string =>
  `/${names.map((one) => one.replace(/[\\;；/\n]/g, "\\$&")).join("/")}`;

const listed = (items: readonly string[]): string => {
  const text = items.length > 0 ? items.join("; ") : NONE;
  return text.length > LONGEST_WRITTEN ? UNCHANGED : text;
};

export const namesText = (names: readonly string[]): string => listed(names.map(name));
export const pathsText = (paths: readonly (readonly string[])[]): string => listed(paths.map(pathOf));

export const accountsText = (accounts: Grant["accounts"]): string =>
  listed([
    ...(accounts.all ? [ALL] : []),
    ...Object.entries(VIRTUAL).flatMap(([word, field]) => (accounts[field] ? [word] : [])),
    ...accounts.names.map(name),
    ...accounts.excluded.map((one) => `!${name(one)}`),
  ]);

export const protocolsText = (protocols: Grant["protocols"]): string =>
  listed([...(protocols.all ? [ALL] : []), ...protocols.kinds]);

export const atEndText = (atEnd: AtEnd): string => (atEnd.what === "warn" ? `warn ${atEnd.minutes}` : atEnd.what);

function split(text: string, separators: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === "\\" && next !== "" && ESCAPABLE.includes(next)) {
      parts.push(`${parts.pop()}${char}${next}`);
      at++;
    } else if (separators.includes(char)) parts.push("");
    else parts.push(`${parts.pop()}${char}`);
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}

const unescaped = (text: string): string => text.replace(/\\([\\;；/@!\n])/g, "$1");

/** The items of a list, words and escapes as they stand; null: the cell says to leave it as it is. */
function itemsOf(title: string, text: string): string[] | null {
  const items = split(text, SEPARATORS);
  const alone = (word: string): boolean => items.some((item) => item.toLowerCase() === word);
  for (const word of [NONE, UNCHANGED]) {
    if (alone(word) && items.length > 1) throw new Fault("invalid", `${title}: "${word}" stands alone in its cell.`);
  }
  if (alone(UNCHANGED)) return null;
  return alone(NONE) ? [] : items;
}

function noWord(title: string, item: string): Fault {
  return new Fault("invalid", `${title}: "${item.slice(0, 100)}" is no word here. Begin a name with a backslash: \\@.`);
}

/** The names of a list; null: it is left as it is. Fault `invalid` for a word. */
export function namesIn(title: string, text: string): string[] | null {
  const items = itemsOf(title, text);
  const word = items?.find((item) => item.startsWith("@"));
  if (word !== undefined) throw noWord(title, word);
  return items && [...new Set(items.map(unescaped))];
}

/** The nodes of a list, each as the names from the root down. */
export const pathsIn = (title: string, text: string): string[][] | null =>
  itemsOf(title, text)?.map((item) => split(item, "/").map(unescaped)) ?? null;

export function accountsIn(title: string, text: string): Grant["accounts"] | null {
  const items = itemsOf(title, text);
  if (!items) return null;
  const accounts = { all: false, manual: false, sameName: false, anonymous: false };
  const [names, excluded]: [string[], string[]] = [[], []];
  for (const item of items) {
    const word = item.toLowerCase();
    if (word === ALL) accounts.all = true;
    else if (word in VIRTUAL) accounts[VIRTUAL[word as keyof typeof VIRTUAL]] = true;
    else if (item.startsWith("@")) throw noWord(title, item);
    else if (item.startsWith("!")) excluded.push(unescaped(item.slice(1).trim()));
    else names.push(unescaped(item));
  }
  return { ...accounts, names, excluded };
}

export function protocolsIn(title: string, text: string): Grant["protocols"] | null {
  const items = itemsOf(title, text)?.map((item) => item.toLowerCase());
  if (!items) return null;
  const kinds = items.filter((item) => item !== ALL);
  const word = kinds.find((kind) => kind.startsWith("@"));
  if (word !== undefined) throw noWord(title, word);
  return { all: kinds.length < items.length, kinds };
}

export function actionsIn(title: string, text: string): GrantAction[] | null {
  const items = itemsOf(title, text)?.map((item) => item.toLowerCase());
  return (
    items?.map((item) => {
      const action = GRANT_ACTIONS.find((one) => one === item);
      if (!action) {
        throw new Fault("invalid", `${title}: "${item.slice(0, 100)}" is none. Write ${GRANT_ACTIONS.join(", ")}.`);
      }
      return action;
    }) ?? null
  );
}

export function atEndIn(title: string, text: string): AtEnd {
  const [, what = "", minutes] = /^([a-z]+)(?:\s+(\d{1,3}))?$/.exec(text.toLowerCase()) ?? [];
  const parsed = AtEnd.safeParse({ what, ...(minutes !== undefined && { minutes: Number(minutes) }) });
  if (!parsed.success || (minutes !== undefined && what !== "warn")) {
    throw new Fault("invalid", `${title}: write cut, keep, or warn and 1 to 120 minutes, as in "warn 10".`);
  }
  return parsed.data;
}
