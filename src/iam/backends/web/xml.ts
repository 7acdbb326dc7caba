import { Fault } from "../../../core/index.ts";

/** An element by its local name; namespaces are left out. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own text, without that of its children. */
  readonly text: string;
}

const DEEPEST = 64;
const MOST_ELEMENTS = 20_000;
/** Comment, CDATA, instruction, end tag, start tag, text. No declaration of a document type: nothing expands, nothing is fetched. */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

interface Open {
  readonly tag: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  text: string;
}

const broken = (why: string): Fault => new Fault("invalid", `This is not XML that can be read: ${why}.`);

/**
 * Reads a document: at most 64 levels and 20,000 elements, no document type. Fault `invalid` for everything else, and
 * for comments where they are `refused`: they split a text in two.
 */
export function parseXml(text: string, comments: "skipped" | "refused" = "skipped"): Element {
  const open: Open[] = [{ tag: "", attributes: {}, children: [], text: "" }];
  let count = 0;
  TOKEN.lastIndex = text.startsWith("\uFEFF") ? 1 : 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (!token) throw broken("a tag or a document type that is not allowed");
    const [all, cdata, end, start, attributes = "", closed, plain] = token;
    const here = open.at(-1)!;
    if (cdata !== undefined) here.text += cdata;
    else if (plain !== undefined) here.text += unescaped(plain);
    else if (end !== undefined) close(open, end);
    else if (start !== undefined) {
      if (++count > MOST_ELEMENTS || open.length > DEEPEST) throw broken("it is too large or too deep");
      open.push({ tag: start, attributes: attributesOf(attributes), children: [], text: "" });
      if (closed) close(open, start);
    } else if (all.startsWith("<!--") && comments === "refused") throw broken("it holds comments");
  }
  const [document] = open;
  const root = document?.children[0];
  if (open.length !== 1 || !root || document.children.length !== 1) throw broken("it has no end");
  return root;
}

function close(open: Open[], tag: string): void {
  const last = open.pop();
  const above = open.at(-1);
  if (!last || !above || last.tag !== tag) throw broken("tags do not match");
  const { attributes, children, text } = last;
  above.children.push({ name: localName(tag), attributes, children, text });
}

const localName = (tag: string): string => tag.slice(tag.indexOf(":") + 1);

const attributesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(ATTRIBUTE)].map(([, name = "", one, two]) => [name, unescaped(one ?? two ?? "")]),
  );

const unescaped = (text: string): string =>
  text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,8}));?/g,
    (all, decimal?: string, hex?: string, name?: string) => {
      const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : null;
      if (code !== null) return code <= 0x10ffff ? String.fromCodePoint(code) : all;
      const known = ENTITIES[name ?? ""];
      if (known === undefined) throw broken("an entity that nobody declared");
      return known;
    },
  );

/** All elements of that name, at any depth, the element itself included. */
export function elementsOf(element: Element, name: string): Element[] {
  const below = element.children.flatMap((child) => elementsOf(child, name));
  return element.name === name ? [element, ...below] : below;
}
