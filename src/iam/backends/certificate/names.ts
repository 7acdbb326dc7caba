import { type Element, elementsOf, extensionsOf, Malformed, oidOf, TAG, take, whole } from "./der.ts";

/** What a certificate says of whom it is for. A list holds what it says more than once. */
export interface Fields {
  /** The whole name, as it is encoded. */
  readonly subject: Buffer;
  /** As RFC 4514 writes it, the most particular part first; no two names are written the same. Empty: it has none. */
  readonly distinguishedName: string;
  readonly commonNames: readonly string[];
  readonly emails: readonly string[];
  /** User principal names of Active Directory. */
  readonly principals: readonly string[];
  readonly serial: Buffer;
  /** Whether its key may sign lists of revoked certificates. */
  readonly signsLists: boolean;
}

const COMMON_NAME = "2.5.4.3";
const KEY_USAGE = "2.5.29.15";
const ALT_NAMES = "2.5.29.17";
const PRINCIPAL = "1.3.6.1.4.1.311.20.2.3";
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const OTHER_NAME = 0xa0;
const EMAIL = 0x81;
/** cRLSign: bit 6 of the key usage. */
const SIGNS_LISTS = 0x02;

const SHORT: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
};

/** Reads a certificate of version 3 (RFC 5280, section 4.1); throws Malformed for one that it cannot read whole. */
export function fieldsOf(certificate: Buffer): Fields {
  const parts = elementsOf(take(elementsOf(whole(certificate, TAG.sequence).body), TAG.sequence).body);
  take(parts, VERSION);
  const serial = take(parts, TAG.integer).body;
  for (let skipped = 0; skipped < 3; skipped++) take(parts, TAG.sequence);
  const subject = take(parts, TAG.sequence);
  take(parts, TAG.sequence);
  const list = [...parts].find(({ tag }) => tag === EXTENSIONS);
  const extensions = new Map(list ? extensionsOf(list).map(({ oid, value }) => [oid, value]) : []);
  const who = relativeNames(subject);
  const names = extensions.get(ALT_NAMES);
  const usage = extensions.get(KEY_USAGE);
  return {
    subject: subject.raw,
    distinguishedName: who
      .map((part) => part.map(written).join("+"))
      .toReversed()
      .join(","),
    commonNames: who.flat().flatMap(({ oid, value }) => (oid === COMMON_NAME ? [value] : [])),
    ...(names ? altNames(names) : { emails: [], principals: [] }),
    serial,
    signsLists: usage === undefined || ((whole(usage, TAG.bits).body[1] ?? 0) & SIGNS_LISTS) !== 0,
  };
}

interface Part {
  readonly oid: string;
  readonly value: string;
}

const relativeNames = (name: Element): Part[][] =>
  [...elementsOf(name.body)].map((set) => {
    if (set.tag !== TAG.set) throw new Malformed();
    return [...elementsOf(set.body)].map((one) => {
      const [type, value, ...more] = elementsOf(one.body);
      if (one.tag !== TAG.sequence || !type || !value || more.length > 0) throw new Malformed();
      return { oid: oidOf(type), value: textOf(value) };
    });
  });

/** Escaped, so that a value never reads as another part of the name. */
const written = ({ oid, value }: Part): string =>
  `${SHORT[oid] ?? oid}=${value.replace(/[\\,+"<>;=#\s]/g, (char) => (char === " " ? " " : `\\${char}`)).replace(/^ | $/g, "\\ ")}`;

function altNames(value: Buffer) {
  const all = [...elementsOf(whole(value, TAG.sequence).body)];
  const principals = all.flatMap(({ tag, body }) => {
    if (tag !== OTHER_NAME) return [];
    const [type, wrapped, ...more] = elementsOf(body);
    if (!type || !wrapped || more.length > 0) throw new Malformed();
    if (oidOf(type) !== PRINCIPAL) return [];
    const [text, ...others] = elementsOf(wrapped.body);
    if (!text || others.length > 0) throw new Malformed();
    return [textOf(text)];
  });
  const emails = all.flatMap(({ tag, body }) => (tag === EMAIL ? [ascii(body)] : []));
  return { emails, principals };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true });

/** UTF8String, PrintableString, IA5String or BMPString without control characters. */
function textOf({ tag, body }: Element): string {
  if (tag === 0x0c) return clean(decoded(utf8, body));
  if (tag === 0x13 || tag === 0x16) return ascii(body);
  if (tag === 0x1e) return clean(decoded(utf16, body));
  throw new Malformed();
}

function decoded(decoder: InstanceType<typeof TextDecoder>, body: Buffer): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new Malformed();
  }
}

function ascii(body: Buffer): string {
  if (body.some((byte) => byte >= 0x80)) throw new Malformed();
  return clean(body.toString("latin1"));
}

function clean(text: string): string {
  if (text === "" || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) throw new Malformed();
  return text;
}
