import type { Entry } from "ldapts";
import type { DirectoryEntry, OutsideIdentity } from "../backend.ts";
import { comparedWithLogin } from "./filter.ts";
import type { Directory } from "./settings.ts";

/** ADS_UF_ACCOUNTDISABLE */
const DISABLED = 0x2;
const LONGEST = 1024;

/** All values of an attribute; names of attributes do not depend on upper or lower case. */
function valuesOf(entry: Entry, attribute: string): readonly (string | Buffer)[] {
  const wanted = attribute.toLowerCase();
  return Object.entries(entry).flatMap(([name, value]) =>
    name !== "dn" && name.toLowerCase() === wanted ? [value].flat() : [],
  );
}

const textsOf = (entry: Entry, attribute: string): string[] =>
  valuesOf(entry, attribute).flatMap((value) =>
    typeof value === "string" && value.trim() !== "" ? [value.trim()] : [],
  );

/** What is asked of the directory about a person. */
export const attributesOf = (directory: Directory): string[] => [
  ...new Set([
    directory.loginAttribute,
    directory.nameAttribute,
    directory.emailAttribute,
    directory.subjectAttribute,
    ...comparedWithLogin(directory.userFilter),
    "cn",
    "memberOf",
    "userAccountControl",
  ]),
];

/** The person behind an entry, without groups; or why it cannot be one. */
export function personOf(directory: Directory, entry: Entry): DirectoryEntry {
  const label = entry.dn.slice(0, 200);
  const [loginName] = textsOf(entry, directory.loginAttribute);
  if (!loginName) return { label, problem: `It has no ${directory.loginAttribute}, which is to be the login name.` };
  const subject = subjectOf(directory, entry);
  if (!subject) {
    return { label, problem: `It has no ${directory.subjectAttribute}, by which it would be known for good.` };
  }
  const flags = Number(textsOf(entry, "userAccountControl")[0] ?? 0);
  return {
    issuer: directory.issuer.slice(0, LONGEST),
    subject,
    loginName,
    name: textsOf(entry, directory.nameAttribute)[0] ?? textsOf(entry, "cn")[0] ?? loginName,
    email: textsOf(entry, directory.emailAttribute)[0] ?? null,
    groups: directory.groups === "attribute" ? textsOf(entry, "memberOf").slice(0, 5000) : [],
    active: (flags & DISABLED) === 0,
  };
}

export const isPerson = (entry: DirectoryEntry): entry is OutsideIdentity => "subject" in entry;

function subjectOf({ subjectAttribute }: Directory, entry: Entry): string | null {
  const [value] = valuesOf(entry, subjectAttribute);
  if (Buffer.isBuffer(value))
    return value.length === 16 ? guidOf(value) : value.toString("hex").slice(0, LONGEST) || null;
  const text = value?.trim() ?? "";
  return text !== "" && text.length <= LONGEST ? text.toLowerCase() : null;
}

/** A GUID as Microsoft writes it: the first three fields are little-endian. [MS-DTYP] 2.3.4.2 */
function guidOf(bytes: Buffer): string {
  const hex = Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8),
  ]).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether the entry is the one that was asked for: below a base, and known by the name that was typed. */
export function isAskedFor(directory: Directory, entry: Entry, loginName: string): boolean {
  const dn = simplified(entry.dn);
  const below = directory.bases.some((base) => dn === simplified(base) || dn.endsWith(`,${simplified(base)}`));
  const compared = [directory.loginAttribute, ...comparedWithLogin(directory.userFilter)];
  const wanted = loginName.trim().toLowerCase();
  return below && compared.some((name) => textsOf(entry, name).some((value) => value.toLowerCase() === wanted));
}

/** A name as it can be compared: case and spaces around separators do not count. */
const simplified = (dn: string): string => dn.toLowerCase().replace(/\s*([,=])\s*/g, "$1");
