import { type Actor, Fault } from "../../../core/index.ts";
import { myAssets } from "../../../assets/index.ts";
import type { Iam, SshStep } from "../../../iam/index.ts";
import {
  type AuthAttempt,
  type AuthVerdict,
  type ClientSession,
  createSshServer,
  refuse,
  type SshConnection,
  type SshServer,
} from "../../../protocols/index.ts";
import { asLine, type ClientEnd } from "../client-end.ts";
import { type Begun, runSession, type SessionAsk, type SessionDeps, type SessionEnd } from "../run-session.ts";
import { findDirectTarget } from "./direct-target.ts";
import { createLineEditor } from "./line-editor.ts";
import { type Choice, chooseFromMenu, greet } from "./menu.ts";
import { createMenuClient } from "./menu-client.ts";
import { parseTargetName, type TargetName } from "./target-name.ts";

/** A connection that is being accepted. */
export interface Arrival {
  /** The client's, where a trusted proxy told it; null: the socket's. */
  readonly address: string | null;
  signedIn(): void;
}

export interface SshGatewayDeps extends SessionDeps {
  readonly iam: Iam;
  readonly hostKeys: readonly string[];
  /** Who is to be told when the person of the connection that is being accepted is known. */
  readonly arriving: () => Arrival | null;
}

const NOT_HERE = new Fault("invalid", "Files cannot be transferred through this gate yet.");
const NOT_TEXT = new Fault("invalid", "The command is not UTF-8, so it could not reach the target as it is.");
const NO_TARGET = new Fault("invalid", "Say where to run it: ssh NAME@ACCOUNT@ASSET@GATE COMMAND.");
const NO_TERMINAL = new Fault(
  "invalid",
  "The menu needs a terminal: use ssh -t, or go to an asset at once with NAME@ACCOUNT@ASSET.",
);

const MOST_QUESTIONS = 5;
/** Refusals that are told: what to do elsewhere, and how long to wait, which a right proof and a wrong one meet alike. */
const TOLD = new Set(["denied", "too_many"]);

/** The SSH server that people sign in to: menu, direct shell, direct command. */
export function createSshGateway(deps: SshGatewayDeps): SshServer {
  return createSshServer({
    hostKeys: deps.hostKeys,
    keepalive: deps.patience.keepalive,
    onConnection(connection) {
      const guest = createGuest(deps, connection);
      return { authenticate: guest.authenticate, session: (session) => void guest.serve(session) };
    },
  });
}

function createGuest(deps: SshGatewayDeps, connection: SshConnection) {
  const { iam, runtime } = deps;
  let actor: Actor | null = null;
  let wanted: TargetName["direct"] = null;
  let lost = false;
  const running = new Set<Begun>();
  const told = deps.arriving();
  const address = told?.address ?? connection.address;
  const isLost = (): boolean => lost;
  void connection.closed.then(({ kind }) => (lost = kind === "vanished" || kind === "failed"));

  const wayIn = iam.sshWayIn(address);
  /** What the person began with, until the gate has asked all it asks. */
  let first: {
    readonly name: TargetName;
    readonly by: "password" | "key" | "certificate";
    readonly fingerprint: string | null;
    readonly since: Date;
  } | null = null;
  let asked: Extract<SshStep, { step: "ask" }> | null = null;

  /** One proof; afterwards the person is in, or `asked` says what comes next. Whoever proved enough to be told why not, is. */
  async function prove(proof: () => Promise<SshStep>): Promise<AuthVerdict> {
    try {
      const reached = await proof();
      if (reached.step === "ask") {
        asked = reached;
        return { continue: ["keyboard-interactive"] };
      }
      letIn(reached);
      return "accept";
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return TOLD.has(error.code) ? { refuse: error.message } : "reject";
    }
  }

  function begin(
    name: TargetName,
    proved: { readonly by: "password" | "key" | "certificate"; readonly fingerprint?: string },
    proof: () => Promise<SshStep>,
  ): Promise<AuthVerdict> {
    first = { name, fingerprint: null, ...proved, since: runtime.now() };
    asked = null;
    return prove(proof);
  }

  function letIn({ actor: person, certificate = null }: Extract<SshStep, { step: "in" }>): void {
    if (!first) throw new Error("Somebody came in without a first proof");
    actor = person;
    wanted = first.name.direct;
    const presence = {
      userId: person.id ?? "",
      orgId: person.orgId ?? "",
      since: first.since,
      signInId: null,
      fingerprint: first.fingerprint,
      certificate,
      byPassword: first.by === "password",
      permission: null,
    };
    void connection.closed.then(deps.visitors.enter({ presence, end: showOut }));
    told?.signedIn();
  }

  /** Its sessions end with the reason in their rows, then the connection. */
  function showOut(detail: string): void {
    const ending = [...running].map((session) => session.end({ reason: "revoked", detail }));
    void Promise.allSettled(ending).then(() => connection.end(detail));
  }

  /** Runs one session and knows of it as long as it lives. */
  async function run(ask: SessionAsk, client: ClientEnd): Promise<SessionEnd> {
    let begun: Begun | null = null;
    try {
      return await runSession(deps, ask, client, (session) => running.add((begun = session)));
    } finally {
      if (begun) running.delete(begun);
    }
  }

  async function authenticate(attempt: AuthAttempt): Promise<AuthVerdict> {
    const name = readName(attempt.username);
    if (!name || attempt.method === "none") return "reject";
    const { loginName } = name;
    if (attempt.method === "password") {
      return begin(name, { by: "password" }, () => wayIn.withPassword({ loginName, password: attempt.password }));
    }
    if (attempt.method === "keyboard-interactive") return converse(name, attempt);
    const { fingerprintSha256: fingerprint, certificate } = attempt.key;
    if (attempt.method === "publickey-offer") {
      const known = certificate
        ? iam.certificateIsKnown({ loginName, certificate, address })
        : iam.keyIsKnown({ loginName, fingerprint });
      return (await known) ? "accept" : "reject";
    }
    if (certificate) return begin(name, { by: "certificate" }, () => wayIn.withCertificate({ loginName, certificate }));
    return begin(name, { by: "key", fingerprint }, () => wayIn.withKey({ loginName, fingerprint }));
  }

  /** Asks for the password unless something was proved already, then for whatever else is asked, in one conversation. */
  async function converse(
    name: TargetName,
    { prompt }: Extract<AuthAttempt, { method: "keyboard-interactive" }>,
  ): Promise<AuthVerdict> {
    const line = async (text: string, words = ""): Promise<string> =>
      (await prompt({ words, prompts: [{ prompt: text, echo: false }] }))?.[0] ?? "";
    if (!asked) {
      const password = await line("Password: ");
      if (password === "") return "reject";
      const verdict = await begin(name, { by: "password" }, () =>
        wayIn.withPassword({ loginName: name.loginName, password }),
      );
      if (!asked) return verdict;
    }
    for (let questions = 0; asked && questions < MOST_QUESTIONS; questions += 1) {
      const answer = await line(`${asked.prompt}: `, asked.words);
      if (answer === "") return "reject";
      const verdict = await prove(() => wayIn.answer(answer));
      if (typeof verdict === "string" || "refuse" in verdict) return verdict;
    }
    return "reject";
  }

  async function serve(session: ClientSession): Promise<void> {
    try {
      if (!actor) throw new Fault("unauthenticated", "Sign in first.");
      if (session.kind === "subsystem") throw NOT_HERE;
      if (session.command?.includes("\uFFFD")) throw NOT_TEXT;
      if (wanted) return await direct(actor, wanted, session);
      if (session.kind === "exec") throw NO_TARGET;
      if (!session.pty) throw NO_TERMINAL;
      await serveMenu({ ...deps, run }, actor, session, isLost);
    } catch (error) {
      if (!(error instanceof Fault)) deps.failed(error);
      refuse(session, error);
    }
  }

  async function direct(person: Actor, name: NonNullable<TargetName["direct"]>, session: ClientSession): Promise<void> {
    const choice = await findDirectTarget(runtime.db, person, name, runtime.now());
    const line = session.pty ? "\r\n" : "\n";
    const { pty } = session;
    const client: ClientEnd = {
      send: session.send,
      eof: session.eof,
      closed: session.closed,
      listen(listener) {
        if (session.pty && session.pty !== pty) listener.resized?.({ width: 0, height: 0, ...session.pty });
        session.listen(listener);
      },
      notice: (text: string) => void session.send(Buffer.from(`${line}${asLine(text)}${line}`), 1),
      isLost,
    };
    const { exit } = await run(askOf(person, choice, session), client);
    session.exit(exit ?? { code: 255 });
  }

  return { authenticate, serve };
}

function readName(username: string): TargetName | null {
  try {
    return parseTargetName(username);
  } catch {
    return null;
  }
}

const askOf = (actor: Actor, choice: Choice, { pty, env, command }: ClientSession): SessionAsk => ({
  actor,
  ...choice,
  command,
  pty,
  env,
});

const MENU_IDLE_MS = 30 * 60_000;
const MENU_CELLS = 300;

/** Runs a session of the connection. */
type Run = (ask: SessionAsk, client: ClientEnd) => Promise<SessionEnd>;

async function serveMenu(
  deps: SshGatewayDeps & { run: Run },
  actor: Actor,
  session: ClientSession,
  isLost: () => boolean,
): Promise<void> {
  const { runtime } = deps;
  const client = createMenuClient(session, isLost);
  const editor = createLineEditor({ echo: client.print });
  let idle: NodeJS.Timeout | undefined;
  const attend = (): void => {
    clearTimeout(idle);
    idle = setTimeout(editor.end, MENU_IDLE_MS);
  };
  const taker = {
    data(bytes: Buffer) {
      attend();
      editor.feed(bytes);
      return client.drained();
    },
    over: editor.end,
    resized: () => {},
  };
  client.toMenu(taker);
  const menu = {
    name: actor.name,
    editor,
    print: client.print,
    drained: client.drained,
    size: () => ({ cols: Math.min(MENU_CELLS, session.pty?.cols ?? 80), rows: session.pty?.rows ?? 24 }),
    list: (filter: { search?: string; cursor?: string; limit: number }) =>
      myAssets(runtime.db, actor, filter, runtime.now()),
    opens: (kind: string) => kind === "ssh",
  };
  greet(menu);
  for (;;) {
    attend();
    const choice = await chooseFromMenu(menu).finally(() => clearTimeout(idle));
    if (!choice) return session.exit({ code: 0 });
    const end = client.borrow(editor.rest());
    client.print(await fromMenu(deps, askOf(actor, choice, session), end));
    client.toMenu(taker);
  }
}

/** Runs one session picked in the menu; returns the words that follow it. */
async function fromMenu(deps: SshGatewayDeps & { run: Run }, ask: SessionAsk, client: ClientEnd): Promise<string> {
  try {
    const { reason } = await deps.run(ask, client);
    return `\r\n  Session ended (${reason.replaceAll("_", " ")}).\r\n`;
  } catch (error) {
    if (!(error instanceof Fault)) deps.failed(error);
    return `\r\n  ${error instanceof Fault ? error.message : "The gate met an error of its own."}\r\n`;
  }
}
