import type { Entry } from "ldapts";
import { Fault } from "../../../core/index.ts";
import type { BackendCall, DirectoryEntry, FormBackend } from "../backend.ts";
import { everybody, filterFor } from "./filter.ts";
import { groupsOf } from "./groups.ts";
import { attributesOf, isAskedFor, isPerson, personOf } from "./person.ts";
import { openSession, type Session, withSession } from "./session.ts";
import { type LdapSettings, ldapSettings } from "./settings.ts";

const MOST_PEOPLE = 200_000;

/** LDAP directories, Active Directory among them. Nobody's password is kept: the directory is asked each time. */
export const ldap: FormBackend<LdapSettings> = {
  kind: "ldap",
  title: "LDAP or Active Directory",
  flow: "form",
  settings: ldapSettings,
  secretsStayWith: ["servers", "security", "caCertificate", "bindDn"],

  check: (call) =>
    withSession(call, async (session) => {
      const { directory } = session;
      let seen = 0;
      for (const base of directory.bases) {
        const options = { attributes: attributesOf(directory), most: 1 };
        const [first] = await session.find(base, everybody(directory.userFilter), options);
        call.say(first ? `People are found below ${base}, as ${first.dn}` : `Nobody is found below ${base}`);
        if (!first) continue;
        seen += 1;
        const person = personOf(directory, first);
        call.say(isPerson(person) ? `It would be ${person.loginName}, known as ${person.subject}` : person.problem);
        if (!isPerson(person)) throw new Fault("invalid", person.problem);
      }
      if (seen === 0) {
        throw new Fault("invalid", "Nobody is found. Check the bases, the filter, and what the name may read.");
      }
    }),

  async verify(call, { loginName, password }) {
    if (password === "") return null;
    return withSession(call, async (session) => {
      const entry = await theOne(call, session, loginName);
      if (!entry) {
        // As long as for somebody who is known.
        await session.proves(`cn=nobody,${session.directory.bases[0]}`, password).catch(() => false);
        return null;
      }
      if (!(await session.proves(entry.dn, password))) {
        call.say(`The directory refused the password of ${entry.dn}`);
        return null;
      }
      call.say(`The directory took the password of ${entry.dn}`);
      const person = personOf(session.directory, entry);
      if (!isPerson(person)) throw new Fault("upstream", `${person.problem} Ask an administrator.`);
      const groups = await groupsOf(session, person, entry.dn);
      for (const group of groups.slice(0, 50)) call.say(`In group ${group}`);
      return { ...person, groups };
    });
  },

  async *people(call) {
    const session = await openSession(call);
    try {
      yield* everyone(session, call);
    } catch (error) {
      throw session.faultOf(error);
    } finally {
      session.close();
    }
  },
};

/** The one entry that the name means; null when there is none, several, or another than was asked for. */
async function theOne(
  call: BackendCall<LdapSettings>,
  { directory, find }: Session,
  loginName: string,
): Promise<Entry | null> {
  const filter = filterFor(directory.userFilter, { login: loginName });
  const found: Entry[] = [];
  for (const base of directory.bases) {
    call.say(`Searching ${base} for ${filter}`);
    found.push(...(await find(base, filter, { attributes: attributesOf(directory), most: 2 })));
  }
  const [first] = found;
  if (!first) {
    call.say("Nobody was found");
    return null;
  }
  if (found.some(({ dn }) => dn !== first.dn)) {
    call.say("Several people were found, so nobody is meant. Narrow the filter");
    return null;
  }
  if (!isAskedFor(directory, first, loginName)) {
    call.say(`The directory answered with ${first.dn}, which is not who was asked for`);
    return null;
  }
  return first;
}

async function* everyone(session: Session, { signal }: BackendCall<LdapSettings>): AsyncGenerator<DirectoryEntry[]> {
  const { directory } = session;
  const options = { attributes: attributesOf(directory), size: directory.pageSize };
  const seen = new Set<string>();
  for (const base of directory.bases) {
    for await (const entries of session.pages(base, everybody(directory.userFilter), options)) {
      signal.throwIfAborted();
      const page: DirectoryEntry[] = [];
      for (const entry of entries) {
        if (seen.has(entry.dn.toLowerCase())) continue;
        seen.add(entry.dn.toLowerCase());
        page.push(await withGroups(session, personOf(directory, entry), entry.dn));
      }
      if (seen.size > MOST_PEOPLE) {
        throw new Fault("too_large", "More than 200,000 people: narrow the bases or the filter.");
      }
      yield page;
    }
  }
}

const withGroups = async (session: Session, person: DirectoryEntry, dn: string): Promise<DirectoryEntry> =>
  isPerson(person) ? { ...person, groups: await groupsOf(session, person, dn) } : person;
