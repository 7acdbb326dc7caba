import type { z } from "zod";
import { type Endpoint, isRead } from "./endpoint.ts";
import { Fault, unaudited } from "./fault.ts";
import { redact } from "./secret.ts";

/** Who acts. `permissions` are those held in the organization of the request. */
export interface Actor {
  readonly kind: "person" | "system" | "anonymous";
  readonly id: string | null;
  readonly name: string;
  /** The organization of the request; every store read is limited to it. */
  readonly orgId: string | null;
  /** The client's address, where there is one. */
  readonly address: string | null;
  readonly via: "console" | "ssh" | "cli" | "job" | "api";
  readonly permissions: ReadonlySet<string>;
  /** The console session the request came with. */
  readonly signInId: string | null;
  /** A sign-in that has begun and is not complete; its bearer is nobody yet. */
  readonly attemptId?: string | null;
  /** The names of all actions that an API key may call; absent: no key, no such limit. */
  readonly scopes?: ReadonlySet<string>;
  /** The API key that the request came with; absent: none. */
  readonly apiKey?: { readonly id: string; readonly prefix: string };
  /** When what was proved, for actions that ask for it afresh; absent: nothing that counts. */
  readonly proved?: Proved;
  /** The origin under which the client reached the console, checked against the names it answers to. */
  readonly origin?: string | null;
  /** What the client calls itself, at most 400 characters. */
  readonly agent?: string | null;
}

/** When a person last proved what, by the console session's row. */
export interface Proved {
  readonly signIn: Date;
  readonly password: Date | null;
  readonly secondFactor: Date | null;
}

/** The program itself as an actor, in one organization or in none; it needs no permission. */
export const systemActor = (orgId: string | null): Actor => ({
  kind: "system",
  id: null,
  name: "system",
  orgId,
  address: null,
  via: "job",
  permissions: new Set(),
  signInId: null,
});

/** What an audit event is about, beside the actor. */
export interface Target {
  readonly kind: string;
  readonly id: string | null;
  readonly name: string;
}

/** Something beside the JSON answer that the edge hands to the client, once the transaction is committed. */
export type Delivery =
  /** A console session: the edge sets the cookie. */
  | { readonly kind: "sign-in"; readonly token: string; readonly expiresAt: Date }
  /** A sign-in that is not complete: the edge sets the cookie that only the way in reads. */
  | { readonly kind: "attempt"; readonly token: string; readonly expiresAt: Date }
  | { readonly kind: "sign-out" }
  | {
      readonly kind: "download";
      readonly fileName: string;
      readonly mediaType: string;
      readonly body: AsyncIterable<Uint8Array>;
    }
  /** The socket is handed to the process that listens at `address`, which knows `ticket`. */
  | { readonly kind: "relay"; readonly address: string; readonly ticket: string };

/** What every use case receives. For a write, `db` is inside the transaction that also commits the audit event. */
export interface Context<Db, P = undefined> {
  readonly db: Db;
  readonly actor: Actor;
  readonly now: Date;
  /** What `before` returned. */
  readonly prepared: P;
  /** Adds facts to the audit event. No secrets. */
  note(facts: Readonly<Record<string, unknown>>): void;
  /** Adds the row as it was and as it is; both in the shape of the endpoint's answer, by which they are redacted. */
  changed(before: unknown, after: unknown): void;
  /** Names the row the event is about. */
  about(target: Target): void;
  /** The event is written for this actor instead; for sign-in, where the person is known only at the end. */
  actAs(actor: Actor): void;
  deliver(delivery: Delivery): void;
}

/** A use case: the promise it keeps, who may call it, and the work. `before` may be slow; `run` is inside the transaction. */
export interface Action<Db, I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType, P = unknown> {
  readonly endpoint: Endpoint<I, O>;
  /** granted: needs the permission named like the endpoint. signed-in: any person. anonymous: anybody. */
  readonly access: "granted" | "signed-in" | "anonymous";
  /** What must have been proved afresh in the console session, and how many minutes that counts. */
  readonly confirm?: Confirmation;
  /** Slow work (hashing, dialling, mail) before the transaction opens. */
  before?(context: { readonly db: Db; readonly actor: Actor; readonly now: Date }, input: z.output<I>): Promise<P>;
  run(context: Context<Db, P>, input: z.output<I>): Promise<z.input<O>>;
}

/** A proof asked for anew before a sensitive act; a stronger one serves as well: sign-in < password < second-factor. */
export interface Confirmation {
  readonly level: "sign-in" | "password" | "second-factor";
  readonly minutes: number;
}

/** An action of any shape, as lists hold it. */
// oxlint-disable-next-line typescript/no-explicit-any -- input and output are checked by their schemas in run()
export type AnyAction<Db> = Action<Db, any, any, any>;

/** One audit event before it is stored. */
export interface Occurrence {
  readonly action: string;
  readonly actor: Actor;
  readonly outcome: "ok" | "error" | Fault["code"];
  readonly target: Target | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What run() stands on: the database, the clock, how a transaction is opened and how an audit event is written. */
export interface Runtime<Db> {
  /** Used by reads. */
  readonly db: Db;
  readonly now: () => Date;
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  record(db: Db, occurrence: Occurrence): Promise<void>;
}

/** Validation, authorization, transaction and audit: every use case from every door goes through here. */
export async function run<Db, I extends z.ZodType, O extends z.ZodType, P>(
  runtime: Runtime<Db>,
  action: Action<Db, I, O, P>,
  actor: Actor,
  raw: unknown,
  delivered?: (delivery: Delivery) => void,
): Promise<z.output<O>> {
  const story = new Story(action.endpoint, actor);
  try {
    authorize(action, actor);
    if (action.confirm) mustBeConfirmed(action.confirm, actor, runtime.now());
    const input = parseInput(action.endpoint.input, raw, actor);
    story.fields.input = redact(action.endpoint.input, input);
    const now = runtime.now();
    const prepared = (await action.before?.({ db: runtime.db, actor, now }, input)) as P;
    const work = async (db: Db): Promise<z.output<O>> => {
      const answer = await action.run({ db, actor, now, prepared, ...story.tools }, input);
      const output = action.endpoint.output.parse(answer);
      if (!isRead(action.endpoint)) await runtime.record(db, story.told("ok"));
      return output;
    };
    const output = isRead(action.endpoint) ? await work(runtime.db) : await runtime.transaction(work);
    for (const delivery of story.deliveries) delivered?.(delivery);
    return output;
  } catch (error) {
    const outcome = error instanceof Fault ? error.code : "error";
    if (error instanceof Fault && !error.audited) throw error;
    if (error instanceof Fault && outcome === "denied") story.fields.reason = error.message;
    if (!isRead(action.endpoint) || outcome === "denied") {
      await runtime.transaction((db) => runtime.record(db, story.told(outcome)));
    }
    throw error;
  }
}

/** Throws Fault `unauthenticated` (unaudited: nobody did nothing) or `denied` unless the actor may call the action. */
function authorize(action: Pick<AnyAction<never>, "access" | "endpoint">, actor: Actor): void {
  if (action.access === "anonymous") return;
  if (actor.kind === "anonymous") throw unaudited(new Fault("unauthenticated", "Sign in first."));
  if (actor.scopes && !actor.scopes.has(action.endpoint.name)) {
    throw new Fault("denied", `This API key is not for "${action.endpoint.name}". Use one with that scope.`, {
      scope: action.endpoint.name,
    });
  }
  if (action.access === "signed-in" || actor.kind === "system" || actor.permissions.has(action.endpoint.name)) return;
  throw new Fault(
    "denied",
    `You lack the permission "${action.endpoint.name}" in this organization. Ask an administrator for a role that holds it.`,
    { permission: action.endpoint.name },
  );
}

const LEVELS = ["sign-in", "password", "second-factor"] as const;

/** Throws Fault `unconfirmed`, which says what is asked; an API key stands for no person and confirms nothing. */
export function mustBeConfirmed(asked: Confirmation, actor: Actor, now: Date): void {
  if (actor.kind === "system") return;
  const { signIn, password, secondFactor } = actor.proved ?? { signIn: null, password: null, secondFactor: null };
  const proofs = [signIn, password, secondFactor].slice(LEVELS.indexOf(asked.level));
  const since = now.getTime() - asked.minutes * 60_000;
  if (proofs.some((at) => at !== null && at.getTime() >= since)) return;
  throw unaudited(new Fault("unconfirmed", "Prove once more that it is you.", { ...asked }));
}

/** Throws Fault `invalid`; unaudited where nobody is known: strangers' nonsense tells nothing and fills no trail. */
function parseInput<I extends z.ZodType>(schema: I, raw: unknown, actor: Actor): z.output<I> {
  const refused = (fault: Fault): Fault => (actor.kind === "anonymous" ? unaudited(fault) : fault);
  const parsed = schema.safeParse(raw);
  if (parsed.success) {
    if (holdsNul(parsed.data)) throw refused(new Fault("invalid", "Text cannot hold the character NUL."));
    return parsed.data;
  }
  const problems = parsed.error.issues.slice(0, 50).map(({ path, message }) => ({ path: path.join("."), message }));
  const first = problems[0];
  const message = first?.path ? `${first.path}: ${first.message}` : (first?.message ?? "Invalid input.");
  throw refused(new Fault("invalid", message, { problems }));
}

const DEEPEST = 20;

/** No text of the database can hold it, and no person means it. */
function holdsNul(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return value.includes("\0");
  return (
    typeof value === "object" &&
    value !== null &&
    depth < DEEPEST &&
    Object.values(value).some((item) => holdsNul(item, depth + 1))
  );
}

class Story {
  readonly fields: Record<string, unknown> = {};
  readonly deliveries: Delivery[] = [];
  private target: Target | null = null;
  private readonly endpoint: Endpoint;
  private actor: Actor;

  constructor(endpoint: Endpoint, actor: Actor) {
    this.endpoint = endpoint;
    this.actor = actor;
  }

  readonly tools = {
    note: (facts: Readonly<Record<string, unknown>>) => void Object.assign(this.fields, facts),
    changed: (before: unknown, after: unknown) => {
      const shown = (row: unknown): unknown => redact(this.endpoint.output, row);
      Object.assign(this.fields, { before: shown(before), after: shown(after) });
    },
    about: (target: Target) => void (this.target = target),
    actAs: (actor: Actor) => void (this.actor = actor),
    deliver: (delivery: Delivery) => void this.deliveries.push(delivery),
  };

  told(outcome: Occurrence["outcome"]): Occurrence {
    // What is done to the site belongs to no organization's trail.
    const actor = this.endpoint.scope === "system" ? { ...this.actor, orgId: null } : this.actor;
    const fields = actor.apiKey ? { ...this.fields, apiKey: actor.apiKey.prefix } : this.fields;
    return { action: this.endpoint.name, actor, outcome, target: this.target, fields };
  }
}
