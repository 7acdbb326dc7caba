/** One element of DER (X.690): its tag, its content, and all of its bytes. */
export interface Element {
  readonly tag: number;
  readonly body: Buffer;
  readonly raw: Buffer;
}

/** The bytes are not what they should be. */
export class Malformed extends Error {}

export const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  boolean: 0x01,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalTime: 0x18,
} as const;

const LONGEST_LENGTH = 4;

/** The element that begins at `from`. Definite lengths in their shortest form and one byte of tag, as DER wants. */
function elementAt(bytes: Buffer, from: number): Element {
  const tag = bytes[from];
  const first = bytes[from + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new Malformed();
  let length = first;
  let start = from + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > LONGEST_LENGTH || start + count > bytes.length) throw new Malformed();
    length = bytes.readUIntBE(start, count);
    if (length < 0x80 || bytes[start] === 0) throw new Malformed();
    start += count;
  }
  if (start + length > bytes.length) throw new Malformed();
  return { tag, body: bytes.subarray(start, start + length), raw: bytes.subarray(from, start + length) };
}

/** Every element of the content, in order; throws Malformed where it does not fit exactly. */
export function* elementsOf(body: Buffer): Generator<Element> {
  for (let from = 0; from < body.length; ) {
    const element = elementAt(body, from);
    yield element;
    from += element.raw.length;
  }
}

/** The one element that the bytes are, of that tag. */
export function whole(bytes: Buffer, tag: number): Element {
  const [element, ...more] = elementsOf(bytes);
  if (!element || more.length > 0 || element.tag !== tag) throw new Malformed();
  return element;
}

/** The next element, which must have that tag. */
export function take(from: Iterator<Element>, tag: number): Element {
  const next = from.next();
  if (next.done || next.value.tag !== tag) throw new Malformed();
  return next.value;
}

/** An object identifier in dots. */
export function oidOf({ tag, body }: Element): string {
  if (tag !== TAG.oid || body.length === 0 || body.length > 64 || (body.at(-1)! & 0x80) !== 0) throw new Malformed();
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new Malformed();
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - 40 * top, ...rest].join(".");
}

/** A moment as RFC 5280 (4.1.2.5) writes it: UTC, with seconds. */
export function momentOf({ tag, body }: Element): Date {
  const text = body.toString("latin1");
  const [, year = "", month, day, hour, minute, second] =
    /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text) ?? [];
  if (year.length !== (tag === TAG.utcTime ? 2 : tag === TAG.generalTime ? 4 : -1)) throw new Malformed();
  const full = year.length === 4 ? year : `${Number(year) < 50 ? 20 : 19}${year}`;
  const moment = new Date(`${full}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(moment.getTime())) throw new Malformed();
  return moment;
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

/** Extensions as certificates and revocation lists hold them; none twice. */
export function extensionsOf(list: Element): Extension[] {
  const found = [...elementsOf(whole(list.body, TAG.sequence).body)].map((one): Extension => {
    const parts = [...elementsOf(one.body)];
    const [name, flag, text = flag] = parts;
    const isFlagged = parts.length === 3;
    if (one.tag !== TAG.sequence || parts.length < 2 || parts.length > 3 || text!.tag !== TAG.octets) {
      throw new Malformed();
    }
    if (isFlagged && (flag!.tag !== TAG.boolean || flag!.body.length !== 1)) throw new Malformed();
    return { oid: oidOf(name!), critical: isFlagged && flag!.body[0] !== 0, value: text!.body };
  });
  if (new Set(found.map(({ oid }) => oid)).size !== found.length) throw new Malformed();
  return found;
}
