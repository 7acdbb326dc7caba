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
import type { Factor } from "../factors/factor.ts";
import { ANONYMOUS } from "./anonymous.ts";
import { answerIsRight, wrongFactor } from "./answer-factor.ts";
import { asksOf } from "./asks.ts";
import { type Candidate, candidateOf, findCandidate } from "./candidate.ts";
import { checkForm, proofOf } from "./first-proof.ts";
import { userOfIdentity } from "./outside.ts";
import { rememberedProofs, rememberProofs } from "./remembered-proof.ts";
import type { Presence } from "./presence.ts";
import { tellOfSignIn } from "../sign-in-rules/messages.ts";
import { certifiedUser, noteCertificateUse, type ShownCertificate } from "../certificates/certified.ts";
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

const withCertificate = endpoint({
  route: "POST /ssh/sign-in/certificate",
  name: "sign-in",
  title: "Sign in over SSH with a certificate for a key whose possession was proved",
  input: z.object({ loginName: KnownLoginName, serial: plain(z.string().max(20)), keyId: plain(z.string().max(200)) }),
  output: z.object({}),
});

const withFactor = endpoint({
  route: "POST /ssh/sign-in/factor",
  name: "sign-in.factor",
  title: "Give the second factor over SSH",
  input: z.object({ answer: secret(z.string().min(1).max(4096)) }),
  output: z.object({}),
});

const notCertified = (): Fault =>
  new Fault(
    "unauthenticated",
    "This certificate does not count here, or not any more. Get a new one: npx sallyport login",
  );
const refused = (): Fault => new Fault("unauthenticated", "This key does not belong to an active user of that name.");

/** What a person at an SSH client meets next: they are in, or asked for one line of text. */
export type SshStep =
  | { readonly step: "in"; readonly actor: Actor; readonly certificate: Presence["certificate"] }
  | { readonly step: "ask"; readonly prompt: string; readonly words: string };

/** Somebody whose first proof was right. */
interface Proved {
  readonly user: Candidate;
  readonly proofs: readonly string[];
  /** A key's fingerprint, "password", or a backend; what is remembered is remembered for it. */
  readonly firstProof: string;
}

/** What the person is asked, and which other ways they may take. */
interface Asking extends Proved {
  readonly factor: Factor;
  readonly others: readonly Factor[];
  readonly memory: unknown;
}

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
  const guest: Actor = { ...ANONYMOUS, address, via: "ssh" };
  let reached: SshStep | null = null;
  /** Shown by the client and proved; for the one attempt that is running. */
  let shown: ShownCertificate | null = null;
  let certificate: Presence["certificate"] = null;
  let asking: Asking | null = null;

  interface Tools {
    readonly db: Db;
    readonly now: Date;
    actAs(actor: Actor): void;
    note(facts: Readonly<Record<string, unknown>>): void;
    about(target: { kind: string; id: string; name: string }): void;
  }

  /** Lets the person in, or finds what to ask; in the transaction of the try that led here. */
  async function goOn(proved: Proved, { db, now, ...tell }: Tools): Promise<void> {
    const { user, firstProof } = proved;
    tell.about({ kind: "user", id: user.id, name: user.loginName });
    const next = await comesNext({ ...deps, db }, user, proved.proofs, { actor: guest, now });
    if (next.step === "second-factor") {
      const { rememberMinutes } = await asksOf({ ...deps, db }, user.id);
      const remembered =
        rememberMinutes > 0 ? await rememberedProofs(db, { userId: user.id, address, firstProof }) : [];
      const counting = remembered.filter((kind) => next.kinds.includes(kind));
      if (counting.length === 0) return ask(proved, next.kinds, now);
      tell.note({ remembered: true });
      return goOn({ ...proved, proofs: [...proved.proofs, ...counting] }, { db, now, ...tell });
    }
    tell.note({ step: next.step, proofs: proved.proofs });
    if (next.step !== "done") throw new Fault("denied", ELSEWHERE[next.step]);
    await tellOfSignIn(deps.platform, db, next.rule, user, { address, now });
    await db.updateTable("users").set({ last_sign_in_at: now }).where("id", "=", user.id).execute();
    const actor = actorOf(user, guest, null);
    tell.actAs(actor);
    reached = { step: "in", actor, certificate };
  }

  /** Asks for the first of the kinds that one line of text can answer. */
  async function ask(proved: Proved, kinds: readonly string[], now: Date, chosen?: Factor): Promise<void> {
    const possible = deps.factors.list().filter(({ kind, prompt }) => prompt && kinds.includes(kind));
    const factor = chosen ?? possible[0];
    if (!factor?.prompt) throw new Fault("denied", ELSEWHERE["second-factor"]);
    const begun = await factor.begin(contextOf(database.db, proved.user, guest, now)).catch((error: unknown) => {
      // What is refused here is told: the first proof was right.
      throw error instanceof Fault && error.code === "too_many" ? new Fault("denied", error.message) : error;
    });
    const { memory, shown } = begun;
    const others = possible.filter((other) => other !== factor);
    asking = { ...proved, factor, others, memory };
    reached = {
      step: "ask",
      prompt: factor.prompt,
      words: [textOf(shown), wordsOf(others)].filter(Boolean).join("\n"),
    };
  }

  const password = serve(withPassword, {
    access: "anonymous",
    before: (_, input) => checkForm({ ...deps, db: database.db }, { ...input, address }),
    async run({ prepared, ...tools }) {
      if (prepared.by === "password") {
        await goOn({ user: prepared.user, proofs: ["password"], firstProof: "password" }, tools);
        return {};
      }
      const { backend, outside } = prepared;
      const user = await candidateOf(tools.db, await userOfIdentity(tools.db, backend, outside));
      if (!user?.mayEnter) throw refused();
      await goOn({ user, proofs: [proofOf(backend)], firstProof: `backend:${backend.id}` }, tools);
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
      await goOn({ user, proofs: ["key"], firstProof: fingerprint }, tools);
      return {};
    },
  });

  const certified = serve(withCertificate, {
    access: "anonymous",
    async run({ prepared: _, ...tools }, { loginName }) {
      const { db, now } = tools;
      const found = shown && (await certifiedUser(db, shown, { loginName, address, now }));
      if (!shown || !found) throw notCertified();
      await noteCertificateUse(db, found, now);
      tools.note({ method: "certificate", fingerprint: shown.fingerprint });
      const { orgId, serial, user, proofs } = found;
      certificate = serial === null ? null : { orgId, serial };
      await goOn({ user, proofs, firstProof: `certificate:${shown.fingerprint}` }, tools);
      return {};
    },
  });

  const factor = serve(withFactor, {
    access: "anonymous",
    async before({ now }, { answer }) {
      if (!asking) throw new Fault("unauthenticated", "Sign in first.");
      const { memory, ...asked } = asking;
      const fits = (one: Factor): boolean => one.looksLike?.test(answer) ?? true;
      const meant = fits(asked.factor)
        ? asked.factor
        : (asked.others.find((other) => other.looksLike && fits(other)) ?? asked.factor);
      const recall = async (): Promise<unknown> => (meant === asked.factor ? memory : null);
      const context = contextOf(database.db, asked.user, guest, now);
      if (!(await answerIsRight(meant, context, { answer, recall }))) throw wrongFactor();
      asking = null;
      return { ...asked, given: meant.kind };
    },
    async run({ prepared: { user, proofs, firstProof, given }, ...tools }) {
      await goOn({ user, firstProof, proofs: [...proofs, given] }, tools);
      const { rememberMinutes: minutes } = await asksOf({ ...deps, db: tools.db }, user.id);
      await rememberProofs(tools.db, { userId: user.id, address, firstProof }, { proofs: [given], minutes });
      return {};
    },
  });

  /** Another way than the one that is asked for, when its name is typed; this is no try. */
  async function takeOther(typed: string): Promise<SshStep | null> {
    const other = asking?.others.find(({ kind }) => kind === typed.trim().toLowerCase());
    if (!asking || !other) return null;
    const kinds = [asking.factor, ...asking.others].map(({ kind }) => kind);
    await ask(asking, kinds, runtime.now(), other);
    return reached;
  }

  async function attempt(action: unknown, input: object): Promise<SshStep> {
    reached = null;
    await run(runtime, action as AnyAction<Db>, guest, input);
    if (!reached) throw new Error("A sign-in succeeded without a step");
    return reached;
  }

  /** A first proof makes void what was asked after another. */
  function first(action: unknown, input: object): Promise<SshStep> {
    asking = null;
    certificate = null;
    return attempt(action, input);
  }

  return {
    /** Name and password. */
    withPassword: (proof: { loginName: string; password: string }) => first(password, proof),
    /** A key whose signature the caller has verified. */
    withKey: (proof: { loginName: string; fingerprint: string }) => first(key, proof),
    /** A certificate whose authority's signature and whose key's proof the caller has verified. */
    withCertificate(proof: { loginName: string; certificate: ShownCertificate & { readonly keyId: string } }) {
      shown = proof.certificate;
      const { serial, keyId } = proof.certificate;
      const input = { loginName: proof.loginName, serial: String(serial), keyId: keyId.slice(0, 200) };
      return first(certified, input).finally(() => (shown = null));
    },
    /** The line that was typed at the prompt of the last step. */
    answer: async (answer: string) => (await takeOther(answer)) ?? attempt(factor, { answer }),
  };
}

/** Other ways are told only to whom the first proof let come so far. */
/** The question as somebody else asks it, as a RADIUS server does. */
const textOf = ({ text }: Readonly<Record<string, unknown>>): string => (typeof text === "string" ? text : "");

const wordsOf = (others: readonly Factor[]): string =>
  others.length === 0
    ? ""
    : `Or type ${others.map(({ kind, title }) => `"${kind}" (${title.toLowerCase()})`).join(", ")}.`;

const ELSEWHERE = {
  "second-factor":
    "Your second factor cannot be given here. Sign in at the console, or set up an authenticator app there.",
  enrol: "Set up a second factor first: sign in at the console once.",
  "new-password": "Your password must be changed first: sign in at the console.",
} as const;
