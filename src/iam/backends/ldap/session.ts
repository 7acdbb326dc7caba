import { type Client, type Entry, ResultCodeError } from "ldapts";
import { Fault } from "../../../core/index.ts";
import type { BackendCall } from "../backend.ts";
import { connect } from "./connect.ts";
import { type Directory, directoryOf, type LdapSettings } from "./settings.ts";
import { wordsOf } from "./words.ts";

/** The results by which a directory says no to a name and its password; RFC 4511 appendix A. */
const REFUSALS = new Set([19, 32, 48, 49, 50, 53]);

/** A directory that is being read, as the name of the settings. */
export interface Session {
  readonly directory: Directory;
  /** Entries below the base, at most `most` of them; referrals are not followed. */
  find(base: string, filter: string, options: { attributes: string[]; most: number }): Promise<Entry[]>;
  /** The same page by page, without an end. */
  pages(base: string, filter: string, options: { attributes: string[]; size: number }): AsyncGenerator<Entry[]>;
  /** Whether the directory takes the password for that name. Afterwards the session reads as before. */
  proves(dn: string, password: string): Promise<boolean>;
}

/** The attributes that are read as bytes. */
const BINARY = ["objectGUID"];

/** A session, to be closed. */
export type OpenSession = Session & {
  close(): void;
  /** The words for what went wrong while working with it; anything else is a bug and comes back as it is. */
  faultOf(error: unknown): unknown;
};

/** Works with the first of the servers that can be reached and lets us in. Fault `upstream` or `timeout`. */
export async function withSession<T>(
  call: BackendCall<LdapSettings>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(call);
  try {
    return await work(session);
  } catch (error) {
    throw session.faultOf(error);
  } finally {
    session.close();
  }
}

/** Opens the first of the servers that can be reached and lets us in; Fault `upstream` or `timeout` of the last one. */
export async function openSession(call: BackendCall<LdapSettings>): Promise<OpenSession> {
  let failed: Fault | undefined;
  for (const server of call.settings.servers) {
    if (failed && call.signal.aborted) throw failed;
    try {
      return await open(call, server);
    } catch (error) {
      failed = wordsOf(error, { server, signal: call.signal, seconds: call.settings.timeoutSeconds });
      call.say(failed.message);
    }
  }
  throw failed ?? new Fault("upstream", "No server of the directory is configured.");
}

async function open({ settings, signal, say }: BackendCall<LdapSettings>, server: string): Promise<OpenSession> {
  const { client, close } = await connect(server, settings, signal, say);
  const directory = directoryOf(settings);
  const bind = (): Promise<void> => client.bind(directory.bindDn, directory.bindPassword);
  try {
    await bind();
    say(directory.bindDn === "" ? "Reading anonymously" : `Reading as ${directory.bindDn}`);
  } catch (error) {
    close();
    throw error;
  }
  return {
    directory,
    ...reading(client),
    proves: (dn, password) => proves(client, bind, dn, password),
    close,
    faultOf(error) {
      const ofDirectory = error instanceof ResultCodeError || error instanceof Fault || !client.isConnected;
      return ofDirectory ? wordsOf(error, { server, signal, seconds: settings.timeoutSeconds }) : error;
    },
  };
}

/** Referrals (RFC 4511 section 4.5.3) lead to servers that nobody configured: they are not followed. */
const reading = (client: Client): Pick<Session, "find" | "pages"> => ({
  async find(base, filter, { attributes, most }) {
    const found = await client.search(base, {
      scope: "sub",
      derefAliases: "never",
      filter,
      attributes,
      sizeLimit: most,
      explicitBufferAttributes: BINARY,
    });
    return found.searchEntries.slice(0, most);
  },
  async *pages(base, filter, { attributes, size }) {
    const options = { scope: "sub", derefAliases: "never", filter, attributes, paged: { pageSize: size } } as const;
    for await (const { searchEntries } of client.searchPaginated(base, {
      ...options,
      explicitBufferAttributes: BINARY,
    })) {
      yield searchEntries;
    }
  },
});

/** A bind with an empty password succeeds without proving anything (RFC 4513 section 5.1.2): it is never sent. */
async function proves(client: Client, bindAgain: () => Promise<void>, dn: string, password: string): Promise<boolean> {
  if (dn === "" || password === "") return false;
  try {
    await client.bind(dn, password);
  } catch (error) {
    if (error instanceof ResultCodeError && REFUSALS.has(error.code)) return false;
    throw error;
  }
  await bindAgain();
  return true;
}
