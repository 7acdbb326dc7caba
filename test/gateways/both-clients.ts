import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paramiko, sshWithCodes, start } from "./clients.ts";
import type { OwnerOfApp } from "./owner-of-app.ts";
import { eventually, type Stage } from "./stage.ts";

const COMMAND = "echo I am $(id -un)";
const SAYS = "I am root\n";

/** How one connection went. */
export interface Outcome {
  readonly isIn: boolean;
  /** The questions, in order. */
  readonly asked: readonly string[];
  /** What the person was told beside the questions. */
  readonly told: string;
}

export interface Try {
  readonly by: "password" | "key";
  readonly password?: string;
  /** Answers to the questions after the first proof. */
  readonly codes?: readonly string[];
  /** The client's address. */
  readonly from?: string;
}

/** What both clients of users can be made to do. */
export interface Driver {
  readonly name: string;
  /** One sign-in that runs a command. */
  signIn(stage: Stage, owner: OwnerOfApp, how: Try): Promise<Outcome>;
  /** Shows the owner's key, never signs with it, and then answers what is asked. */
  offer(stage: Stage, owner: OwnerOfApp, answers: readonly string[]): Promise<Outcome>;
  /** Shows one owner's key and signs with another's. */
  forge(stage: Stage, owner: OwnerOfApp, signing: OwnerOfApp): Promise<Outcome>;
  /** A hundred wrong proofs, one after the other; what was told at each that was told anything. */
  guess(stage: Stage, owner: OwnerOfApp, how: Try): Promise<{ tries: number; told: string[] }>;
}

const MOST_IN_ONE = 6;
const HUNDRED = 100;
const BANNER = /Too many failed attempts[^\r\n]*/g;

const opensshOptions = ({ from }: Try): string[] => (from ? ["-b", from] : []);
const methodOf = ({ by }: Try) => (by === "key" ? "publickey,keyboard-interactive" : "keyboard-interactive");

const openssh: Driver = {
  name: "OpenSSH",
  async signIn(stage, { person, user }, how) {
    const client = sshWithCodes(
      stage,
      { ...person, password: how.password ?? person.password },
      { user, command: [COMMAND], method: methodOf(how), codes: how.codes ?? [], options: opensshOptions(how) },
    );
    const { code, out, err } = await client.done;
    return { isIn: code === 0 && out.toString() === SAYS, asked: client.asked(), told: err };
  },
  async offer(stage, owner, answers) {
    const agent = await agentThatRefuses(stage, owner.person.keyFile);
    try {
      const client = sshWithCodes(
        stage,
        { ...owner.person, keyFile: `${owner.person.keyFile}.pub`, password: answers[0] ?? "" },
        {
          user: owner.user,
          command: [COMMAND],
          method: "publickey,keyboard-interactive",
          codes: answers.slice(1),
          options: ["-v", `-oIdentityAgent=${agent.socket}`],
        },
      );
      const { code, out, err } = await client.done;
      mustSay(err, /Server accepts key/, /agent refused operation/);
      return { isIn: code === 0 && out.toString() === SAYS, asked: client.asked(), told: err };
    } finally {
      agent.stop();
    }
  },
  async forge(stage, { person, user }, signing) {
    const keyFile = join(mkdtempSync(join(stage.folder, "forged-")), "key");
    writeFileSync(keyFile, withPublicHalfOf(person.keyFile, signing.person.keyFile), { mode: 0o600 });
    const client = sshWithCodes(
      stage,
      { ...person, keyFile, password: "" },
      { user, command: [COMMAND], method: "publickey,keyboard-interactive", codes: [], options: ["-v"] },
    );
    const { code, err } = await client.done;
    mustSay(err, /Server accepts key/);
    if (/signing failed/.test(err)) throw new Error(`Nothing was signed: ${err}`);
    return { isIn: code === 0, asked: client.asked(), told: err };
  },
  async guess(stage, { person, user }, how) {
    let tries = 0;
    const told: string[] = [];
    while (tries < HUNDRED) {
      const client = sshWithCodes(
        stage,
        { ...person, password: how.password ?? person.password },
        {
          user,
          command: [COMMAND],
          method: methodOf(how),
          codes: Array<string>(MOST_IN_ONE).fill(how.codes?.[0] ?? ""),
          options: opensshOptions(how),
          tries: Math.min(MOST_IN_ONE, HUNDRED - tries),
        },
      );
      const { code, err } = await client.done;
      if (code !== 255) throw new Error(`A wrong proof ended with ${code}`);
      tries += client.asked().filter((question) => !how.codes || !question.endsWith("assword: ")).length;
      told.push(...(err.match(BANNER) ?? []));
    }
    return { tries, told };
  },
};

const python: Driver = {
  name: "paramiko",
  async signIn(stage, { person, user }, { by, password = person.password, codes = [], from = "127.0.0.1" }) {
    const proof = by === "key" ? { keyFile: person.keyFile, codes } : { interactive: [password, ...codes] };
    const answer = await paramiko(stage, { user, command: COMMAND, from, ...proof });
    return {
      isIn: answer.code === 0 && Buffer.from(answer.out ?? "", "base64").toString() === SAYS,
      asked: (answer.seen ?? []).flatMap(({ prompts }) => prompts),
      told: answer.banner ?? "",
    };
  },
  async offer(stage, { person, user }, answers) {
    const {
      answer,
      then,
      seen = [],
    } = await paramiko(stage, { user, keyFile: person.keyFile, offer: true, codes: answers });
    mustSay(String(answer), /^60$/);
    return { isIn: then === "opened", asked: seen.flatMap(({ prompts }) => prompts), told: "" };
  },
  async forge(stage, { person, user }, signing) {
    const { keyFile } = person;
    const signWith = signing.person.keyFile;
    const answer = await paramiko(stage, { user, keyFile, signWith, codes: [], command: COMMAND });
    mustSay(answer.error ?? "", /AuthenticationException/);
    return {
      isIn: answer.code === 0,
      asked: (answer.seen ?? []).flatMap(({ prompts }) => prompts),
      told: answer.banner ?? "",
    };
  },
  async guess(stage, { person, user }, { password = person.password, codes = [], from = "127.0.0.1" }) {
    const script = { user, tries: HUNDRED, interactive: [password, ...codes], from };
    const { ends = [], told = [] } = await paramiko(stage, script);
    if (ends.some((end) => end !== "AuthenticationException"))
      throw new Error(`Wrong proofs ended with ${ends.join()}`);
    return { tries: ends.length, told: told.flatMap((text) => text.match(BANNER) ?? []) };
  },
};

export const drivers: readonly Driver[] = [openssh, python];

/** That the client did what the test is about. */
function mustSay(said: string, ...patterns: RegExp[]): void {
  for (const pattern of patterns) if (!pattern.test(said)) throw new Error(`Nothing like ${pattern} in: ${said}`);
}

/** OpenSSH wants both halves of an Ed25519 key to agree: the public one is replaced wherever it stands. */
function withPublicHalfOf(shown: string, signing: string): string {
  const half = (file: string) => Buffer.from(publicLine(file).split(" ")[1] ?? "", "base64").subarray(-32);
  const lines = readFileSync(signing, "utf8").trim().split("\n");
  let blob = Buffer.from(lines.slice(1, -1).join(""), "base64").toString("latin1");
  blob = blob.replaceAll(half(signing).toString("latin1"), half(shown).toString("latin1"));
  return [lines[0], Buffer.from(blob, "latin1").toString("base64"), lines.at(-1), ""].join("\n");
}

const publicLine = (keyFile: string): string => execFileSync("ssh-keygen", ["-yf", keyFile], { encoding: "utf8" });

/** An ssh-agent that holds the key and whose owner says no each time it is to sign. */
async function agentThatRefuses(stage: Stage, keyFile: string): Promise<{ socket: string; stop(): void }> {
  const folder = mkdtempSync(join(stage.folder, "agent-"));
  const [socket, no] = [join(folder, "socket"), join(folder, "no")];
  writeFileSync(no, "#!/bin/sh\nexit 1\n", { mode: 0o700 });
  writeFileSync(`${keyFile}.pub`, publicLine(keyFile));
  const agent = start("/usr/bin/ssh-agent", ["-D", "-a", socket], { SSH_ASKPASS: no, SSH_ASKPASS_REQUIRE: "force" });
  await eventually("the agent", () => /SSH_AUTH_SOCK/.test(agent.out()));
  execFileSync("ssh-add", ["-q", "-c", keyFile], { env: { SSH_AUTH_SOCK: socket }, stdio: "pipe" });
  return { socket, stop: () => void agent.child.kill("SIGTERM") };
}
