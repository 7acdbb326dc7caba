import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askpass, eventually, type Person, type Stage } from "./stage.ts";

export interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: Buffer;
  readonly err: string;
}

/** A client program with its streams. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  out(): string;
  err(): string;
  write(text: string | Buffer): void;
  /** Waits until standard output (both streams with `"any"`) fits; throws with what there was. */
  shows(pattern: RegExp, where?: "out" | "any", ms?: number): Promise<void>;
  readonly done: Promise<Ran>;
}

export type How = {
  /** Several, in order, where one proof is not enough. */
  readonly method?:
    | "password"
    | "keyboard-interactive"
    | "publickey"
    | "password,keyboard-interactive"
    | "publickey,keyboard-interactive";
  readonly options?: readonly string[];
  /** Passwords, or conversations, in one connection; 1. */
  readonly tries?: number;
};

const LONGEST_MS = 90_000;

/** Starts a program; it is killed after a minute and a half. */
export function start(file: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", LANG: "C.UTF-8", ...env },
    stdio: "pipe",
    detached: true,
  });
  const late = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  const out: Buffer[] = [];
  let err = "";
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.on("error", () => {});
  const done = new Promise<Ran>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, out: Buffer.concat(out), err });
    });
  });
  const text = () => Buffer.concat(out).toString("utf8");
  return {
    child,
    out: text,
    err: () => err,
    write: (given) => void child.stdin.write(given),
    done,
    async shows(pattern, where = "out", ms = 8_000) {
      const seen = () => (where === "any" ? text() + err : text());
      await eventually("output", () => pattern.test(seen()), ms).catch(() => {
        throw new Error(
          `${pattern} did not come; standard output: ${JSON.stringify(text().slice(-2000))}, error: ${JSON.stringify(err.slice(-2000))}`,
        );
      });
    },
  };
}

/** OpenSSH's client; by key if the person has one. `user` is what stands before the gate's address. */
export const ssh = (
  stage: Stage,
  person: Person,
  user: string,
  command: readonly string[] = [],
  how: How = {},
): Running =>
  start("/usr/bin/ssh", sshArguments(stage, person, user, command, how), {
    SSH_ASKPASS: askpass(stage.folder),
    SSH_ASKPASS_REQUIRE: "force",
    GATE_PASSWORD: person.password,
  });

export function sshArguments(
  stage: Stage,
  person: Person,
  user: string,
  command: readonly string[],
  { method, options = [], tries = 1 }: How,
): string[] {
  const chosen = method ?? (person.keyFile ? "publickey" : "password");
  return [
    "-F",
    "none",
    `-p${stage.program.sshPort}`,
    `-l${user}`,
    `-oUserKnownHostsFile=${stage.knownHosts}`,
    "-oStrictHostKeyChecking=yes",
    `-oNumberOfPasswordPrompts=${tries}`,
    "-oLogLevel=INFO",
    "-oControlMaster=no",
    `-oPreferredAuthentications=${chosen}`,
    "-oIdentitiesOnly=yes",
    person.keyFile && chosen.startsWith("publickey") ? `-i${person.keyFile}` : "-oPubkeyAuthentication=no",
    ...options,
    "127.0.0.1",
    ...command,
  ];
}

/** The direct form of a user name. */
export const direct = (person: Person, target: { account: string; name: string }): string =>
  `${person.loginName}@${target.account}@${target.name}`;

/**
 * The same for who is asked for more than a password: questions for a code are answered with `codes`, one each.
 * `asked` is what the client was asked, line by line.
 */
export function sshWithCodes(
  stage: Stage,
  person: Person,
  {
    user,
    command = [],
    codes,
    method,
    options = [],
    tries = 1,
  }: How & { user: string; command?: readonly string[]; codes: readonly string[] },
): Running & { asked(): string[] } {
  const folder = mkdtempSync(join(stage.folder, "asked-"));
  const [script, questions, answers] = ["askpass", "questions", "answers"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(answers, codes.map((code) => `${code}\n`).join(""));
  writeFileSync(questions, "");
  writeFileSync(
    script,
    `#!/bin/sh
printf '%s\\n' "$1" >> "${questions}"
case "$1" in
  *[Pp]assword:*) printf '%s\\n' "$GATE_PASSWORD" ;;
  *) head -n 1 "${answers}"; sed -i 1d "${answers}" ;;
esac
`,
    { mode: 0o700 },
  );
  const running = start(
    "/usr/bin/ssh",
    sshArguments(stage, person, user, command, { ...(method && { method }), options, tries }),
    {
      SSH_ASKPASS: script,
      SSH_ASKPASS_REQUIRE: "force",
      GATE_PASSWORD: person.password,
    },
  );
  const asked = () =>
    readFileSync(questions, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  return { ...running, asked };
}

/** PuTTY's plink; converts the person's key for it. */
export function plink(
  stage: Stage,
  person: Person,
  user: string,
  command: readonly string[] = [],
  { method }: How = {},
): Running {
  const chosen = method ?? (person.keyFile ? "publickey" : "password");
  const home = join(stage.folder, "putty");
  const sessions = join(home, "sessions");
  mkdirSync(sessions, { recursive: true });
  writeFileSync(join(sessions, "password"), "AuthKI=0\n");
  writeFileSync(join(sessions, "keyboard-interactive"), "AuthKI=1\n");
  writeFileSync(join(sessions, "publickey"), "AuthKI=0\n");
  const args = ["-load", chosen, "-batch", "-ssh", "-P", String(stage.program.sshPort), "-l", user, "-no-antispoof"];
  args.push(...stage.hostKeys.flatMap((fingerprint) => ["-hostkey", fingerprint]));
  if (chosen === "publickey") args.push("-i", puttyKey(person));
  else {
    const file = join(stage.folder, `${person.loginName}.password`);
    writeFileSync(file, `${person.password}\n`, { mode: 0o600 });
    args.push("-pwfile", file);
  }
  return start("/usr/bin/plink", [...args, "127.0.0.1", ...command], { PUTTYDIR: home });
}

function puttyKey({ keyFile }: Person): string {
  const file = `${keyFile}.ppk`;
  if (!existsSync(file)) execFileSync("puttygen", [keyFile, "-o", file, "-O", "private"], { stdio: "pipe" });
  return file;
}

/** What paramiko-client.py is asked; it answers in JSON. */
export interface ParamikoAsk {
  readonly user: string;
  readonly password?: string;
  /** To every question; or to one after the other. */
  readonly interactive?: string | readonly string[];
  /** After a first proof that is not enough: to one question after the other. */
  readonly codes?: readonly string[];
  readonly keyFile?: string;
  /** Shows `keyFile` and signs with this one. */
  readonly signWith?: string;
  readonly certificate?: string;
  readonly command?: string;
  /** Base64. */
  readonly input?: string;
  /** Only offers the public key; never signs. */
  readonly offer?: boolean;
  /** Tries the same on so many connections, one after the other. */
  readonly tries?: number;
  /** The client's address. */
  readonly from?: string;
}

export interface ParamikoAnswer {
  readonly error?: string;
  readonly code?: number;
  readonly out?: string;
  readonly err?: string;
  /** What was asked in keyboard-interactive, in order. */
  readonly seen?: readonly { readonly words: string; readonly prompts: readonly string[] }[];
  readonly banner?: string | null;
  /** Of the offer: the number of the gate's answer, and what it says to a channel asked for without a sign-in. */
  readonly answer?: number;
  readonly then?: string;
  /** With a refused offer. */
  readonly methods?: readonly string[];
  readonly partial?: boolean;
  /** Of `tries`: "in", "not in" or the error, each. */
  readonly ends?: readonly string[];
  /** Of `tries`: the banner each ended with. */
  readonly told?: readonly string[];
}

/** Python's paramiko. */
export async function paramiko(stage: Stage, ask: ParamikoAsk): Promise<ParamikoAnswer> {
  const script = join(import.meta.dirname, "paramiko-client.py");
  const running = start("/usr/bin/python3", [script]);
  running.child.stdin.end(JSON.stringify({ port: stage.program.sshPort, ...ask }));
  const { out, err } = await running.done;
  if (out.length === 0) throw new Error(`paramiko failed: ${err}`);
  return JSON.parse(out.toString("utf8")) as ParamikoAnswer;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
