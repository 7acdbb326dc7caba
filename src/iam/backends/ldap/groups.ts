import type { OutsideIdentity } from "../backend.ts";
import { filterFor } from "./filter.ts";
import type { Session } from "./session.ts";

const MOST_GROUPS = 5000;
const DEEPEST = 5;

/**
 * The names (DN) of the groups with the person as a member, and, where nested groups count, of the groups with those as
 * members, down to five levels. Active Directory finds nested ones by itself.
 */
export async function groupsOf(session: Session, person: OutsideIdentity, dn: string): Promise<readonly string[]> {
  const { directory } = session;
  if (directory.groups !== "search") return person.groups;
  const bases = directory.groupBases.length > 0 ? directory.groupBases : directory.bases;
  const found = new Map<string, string>();
  const nested = directory.nestedGroups && directory.directory !== "active-directory";
  let asked: readonly { dn: string; login: string }[] = [{ dn, login: person.loginName }];
  for (let level = 0; asked.length > 0 && level < (nested ? DEEPEST : 1); level++) {
    const next: { dn: string; login: string }[] = [];
    for (const member of asked) {
      for (const base of bases) {
        const filter = filterFor(directory.groupFilter, member);
        const groups = await session.find(base, filter, { attributes: ["1.1"], most: MOST_GROUPS - found.size });
        for (const group of groups) {
          if (found.has(group.dn.toLowerCase())) continue;
          found.set(group.dn.toLowerCase(), group.dn);
          next.push({ dn: group.dn, login: group.dn });
        }
        if (found.size >= MOST_GROUPS) return [...found.values()];
      }
    }
    asked = next;
  }
  return [...found.values()];
}
