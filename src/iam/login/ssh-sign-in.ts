import { z } from "zod";
import {
  type Actor,
  type AnyAction,
  endpoint,
  Fault,
  KnownLoginName,
  plain,
  run,
  type Runtime,
  SecretText,
  secret,
} from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { clearAttempts, countAttempt } from "./brake.ts";
import { type Candidate, candidateOf, findCandidate } from "./candidate.ts";
import { checkForm, proofOf } from "./first-proof.ts";
import { userOfIdentity } from "./outside.ts";
import { actorOf, comesNext, contextOf, type WayInDeps } from "./way-in.ts";

const withPassword = endpoint({
  route: "POST /ssh/sign-in/password",
  name: "sign-in",
  title: "Sign in over SSH with name and password",
  input: z.object({ loginName: KnownLoginName, password: SecretText }),
  output: z.object({}),
});

const withKey = endpoint({
  route: "POST /ssh/sign-in/key",
  name: "sign-in",
  title: "Sign in over SSH with a key whose possession was proved",
  input: z.object({ loginName: KnownLoginName, fingerprint: plain(z.string().max(200)) }),
  output: z.object({}),
});

const withFactor = endpoint({
  route: "POST /ssh/sign-in/factor",
  name: "sign-in.factor",
  title: "Give the second factor over SSH",
  input: z.object({ answer: secret(z.string().min(1).max(4096)) }),
  output: z.object({}),
});

const refused = (): Fault => new Fault("unauthenticated", "This key does not belong to an active user of that name.");
const wrong = (): Fault => new Fault("unauthenticated", "That is not right.");

/** What a person at an SSH client meets next: they are in, or asked for one line of text. */
export type SshStep =
  | { readonly step: "in"; readonly actor: Actor }
  | { readonly step: "ask"; readonly prompt: string };

/** Whether a key of that fingerprint could sign that user in; says nothing about who holds it. */
export async function keyIsKnown(db: Db, key: { loginName: string; fingerprint: string }): Promise<boolean> {
  const found = await db
    .selectFrom("ssh_key")
    .innerJoin("users", "users.id", "ssh_key.user_id")
    .select("ssh_key.id")
    .where("ssh_key.fingerprint", "=", key.fingerprint)
    .where((row) => row(row.fn<string>("lower", ["users.login_name"]), "=", key.loginName.toLowerCase()))
    .where("users.active", "=", true)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * One connection's way in over SSH: the same machine as the console's, kept in memory. Every try is audited. `address`
 * is the client's. The methods throw Fault `unauthenticated`, `too_many`, or `denied` with what to do instead.
 */
export function createSshWayIn(deps: WayInDeps & { readonly runtime: Runtime<Db> }, address: string | null) {
  const { database, runtime } = deps;
  const guest: Actor = {
    kind: "anonymous",
    id: null,
    name: "anonymous",
    orgId: null,
    permissions: new Set(),
    signInId: null,
    address,
    via: "ssh",
  };
  let reached: SshStep | null = null;
  let asking: { user: Candidate; proofs: readonly string[]; kind: string; memory: unknown } | null = null;

  interface Tools {
    readonly db: Db;
    readonly now: Date;
    actAs(actor: Actor): void;
    note(facts: Readonly<Record<string, unknown>>): void;
    about(target: { kind: string; id: string; name: string }): void;
  }

  /** Lets the person in, or finds what to ask; in the transaction of the try that led here. */
  async function goOn(user: Candidate, proofs: readonly string[], { db, now, ...tell }: Tools): Promise<void> {
    tell.about({ kind: "user", id: user.id, name: user.loginName });
    const next = await comesNext({ ...deps, db }, user, proofs, { actor: guest, now });
    tell.note({ step: next.step, proofs });
    if (next.step === "done") {
      await db.updateTable("users").set({ last_sign_in_at: now }).where("id", "=", user.id).execute();
      const actor = actorOf(user, guest, null);
      tell.actAs(actor);
      reached = { step: "in", actor };
      return;
    }
    const factor =
      next.step === "second-factor"
        ? deps.factors.list().find(({ kind, prompt }) => prompt && next.kinds.includes(kind))
        : null;
    if (!factor?.prompt) throw new Fault("denied", ELSEWHERE[next.step]);
    const { memory } = await factor.begin(contextOf(database.db, user, guest, now));
    asking = { user, proofs, kind: factor.kind, memory };
    reached = { step: "ask", prompt: factor.prompt };
  }

  const password = serve(withPassword, {
    access: "anonymous",
    before: (_, input) => checkForm({ ...deps, db: database.db }, { ...input, address }),
    async run({ prepared, ...tools }) {
      if (prepared.by === "password") return goOn(prepared.user, ["password"], tools).then(() => ({}));
      const { backend, outside } = prepared;
      const user = await candidateOf(tools.db, await userOfIdentity(tools.db, backend, outside));
      if (!user?.mayEnter) throw refused();
      await goOn(user, [proofOf(backend)], tools);
      return {};
    },
  });

  const key = serve(withKey, {
    access: "anonymous",
    async run({ prepared: _, ...tools }, { loginName, fingerprint }) {
      const { db, now } = tools;
      const user = await findCandidate(db, loginName);
      if (!user?.mayEnter) throw refused();
      const used = await db
        .updateTable("ssh_key")
        .set({ last_used_at: now })
        .where("user_id", "=", user.id)
        .where("fingerprint", "=", fingerprint)
        .executeTakeFirst();
      if (used.numUpdatedRows !== 1n) throw refused();
      tools.note({ method: "publickey", fingerprint });
      await goOn(user, ["key"], tools);
      return {};
    },
  });

  const factor = serve(withFactor, {
    access: "anonymous",
    async before({ now }, { answer }) {
      if (!asking) throw new Fault("unauthenticated", "Sign in first.");
      const { user, proofs, kind, memory } = asking;
      const braked = `${user.loginName}/second-factor`;
      await countAttempt(database.db, braked, address);
      if (!(await deps.factors.get(kind).verify(contextOf(database.db, user, guest, now), answer, memory)))
        throw wrong();
      await clearAttempts(database.db, braked, address);
      return { user, proofs: [...proofs, kind] };
    },
    async run({ prepared: { user, proofs }, ...tools }) {
      await goOn(user, proofs, tools);
      return {};
    },
  });

  async function attempt(action: unknown, input: object): Promise<SshStep> {
    reached = null;
    await run(runtime, action as AnyAction<Db>, guest, input);
    if (!reached) throw new Error("A sign-in succeeded without a step");
    return reached;
  }

  return {
    /** Name and password. */
    withPassword: (proof: { loginName: string; password: string }) => attempt(password, proof),
    /** A key whose signature the caller has verified. */
    withKey: (proof: { loginName: string; fingerprint: string }) => attempt(key, proof),
    /** The line that was typed at the prompt of the last step. */
    answer: (answer: string) => attempt(factor, { answer }),
  };
}

const ELSEWHERE = {
  "second-factor":
    "Your second factor cannot be given here. Sign in at the console, or set up an authenticator app there.",
  enrol: "Set up a second factor first: sign in at the console once.",
  "new-password": "Your password must be changed first: sign in at the console.",
} as const;
