import { Fault, notFound, type Registry } from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import { countAttempt } from "../login/brake.ts";
import type { Backend, BackendCall, OutsideIdentity } from "./backend.ts";
import { backendOfId, bounded, callOf, type Configured } from "./configured.ts";
import * as schema from "./schema.ts";
import { secretFields } from "./stored-settings.ts";
import { createTranscript, type Transcript } from "./transcript.ts";

interface Person {
  readonly loginName?: string | undefined;
  readonly password?: string | undefined;
}

/** Tries what is stored, and tells line by line what happened. A failure is an answer, not an error. */
export function backendCheckActions(deps: { readonly sealer: Sealer; readonly backends: Registry<Backend> }) {
  const check = serve(schema.checkSignInBackend, {
    access: "granted",
    async before({ db, actor }, { id, ...person }) {
      const backend = await backendOfId({ ...deps, db }, id);
      if (!backend) throw notFound("sign-in backend");
      // A test is a sign-in as well: it cannot be used to guess passwords.
      if (person.loginName) await countAttempt(db, person.loginName, actor.address);
      const transcript = createTranscript([...secretsOf(backend), person.password]);
      const call = callOf(backend, (line) => transcript.say(line));
      const found = await attempt(backend, call, person, transcript);
      return { backend, ...found, transcript: transcript.lines() };
    },
    async run({ db, about, note, prepared: { backend, identity, ...told } }) {
      about({ kind: "sign-in-backend", id: backend.id, name: backend.name });
      note({ ok: told.ok, answer: told.message });
      return { ...told, identity: identity && (await shownIdentity(db, backend.id, identity)) };
    },
  });
  return [check];
}

const secretsOf = ({ entry, settings }: Configured): unknown[] =>
  [...secretFields(entry)].map((name) => (settings as Record<string, unknown>)[name]);

async function attempt(
  { entry, name }: Configured,
  call: BackendCall<unknown>,
  { loginName, password }: Person,
  transcript: Transcript,
): Promise<{ ok: boolean; message: string; identity: OutsideIdentity | null }> {
  try {
    if (loginName === undefined || password === undefined || entry.flow !== "form") {
      await bounded(call, name, entry.check(call));
      return { ok: true, message: "The settings work.", identity: null };
    }
    const identity = await bounded(call, name, entry.verify(call, { loginName, password }));
    if (!identity) return { ok: false, message: "It does not know this name, or the password is wrong.", identity };
    const message =
      identity.active === false ? "The password is right, but this person may not sign in." : "The password is right.";
    return { ok: identity.active !== false, message, identity };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: false, message: transcript.masked(error.message), identity: null };
  }
}

async function shownIdentity(db: Db, backendId: string, outside: OutsideIdentity) {
  const { issuer, subject, loginName, name, email, groups, active = true } = outside;
  const user = await db
    .selectFrom("identity as i")
    .innerJoin("users as u", "u.id", "i.user_id")
    .select(["u.id", "u.name"])
    .where("i.backend_id", "=", backendId)
    .where("i.issuer", "=", issuer)
    .where("i.subject", "=", subject)
    .executeTakeFirst();
  return { issuer, subject, loginName, name, email, groups: groups.slice(0, 500), active, user: user ?? null };
}
