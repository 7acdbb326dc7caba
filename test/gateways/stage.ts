import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { z } from "zod";
import { createAccount, createAsset, createGrant } from "../../src/assets/schema.ts";
import { addUserSshKey, createUser, type User } from "../../src/iam/schema.ts";
import { listSessions, readSession, type Session } from "../../src/sessions/schema.ts";
import { testDatabase } from "../support/database.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { makeKey, type Sshd, startSshd } from "../support/sshd.ts";

/** Somebody who may sign in, with the files that clients need. */
export interface Person {
  readonly id: string;
  readonly user: User;
  readonly loginName: string;
  readonly password: string;
  /** Of the private key, 0600; empty without a key. */
  readonly keyFile: string;
}

export interface Target {
  readonly assetId: string;
  readonly accountId: string;
  readonly name: string;
  readonly account: string;
}

/** The program, an administrator, one OpenSSH server and how to add more. */
export interface Stage {
  readonly program: TestProgram;
  readonly admin: Client;
  readonly sshd: Sshd;
  /** Private: keys, known hosts. */
  readonly folder: string;
  readonly knownHosts: string;
  /** Fingerprints of the gate's host keys. */
  readonly hostKeys: readonly string[];
  person(options?: { key?: KeyOptions; roles?: string[]; active?: boolean }): Promise<Person>;
  /** An asset that stands for `sshd`, with the account `root`. */
  target(options?: { name?: string; sshd?: Sshd; port?: number; comment?: string; account?: string }): Promise<Target>;
  /** Lets the person connect to the target; returns the rule. */
  allow(
    person: Person,
    target: Target,
    more?: Partial<z.input<typeof createGrant.input>>,
  ): Promise<{ id: string; version: number }>;
  /** Reads what the API does not tell. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface KeyOptions {
  readonly type: "ed25519" | "ecdsa" | "rsa";
  readonly bits?: number;
}

const targetKey = makeKey("ed25519");

/** `embedded`: with a database of its own, for tests that kill processes; otherwise a clone of the migrated one. */
export async function setStage(
  options: { args?: readonly string[]; sshd?: Parameters<typeof startSshd>[0] } = {},
): Promise<Stage> {
  process.env.SALLYPORT_MASTER_KEY ??= randomBytes(32).toString("base64");
  const database = await testDatabase({ max: 2 });
  const folder = mkdtempSync(join(tmpdir(), "gateways-"));
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  const program = await startTestProgram({
    database: database.url,
    args: ["--sign-ins-per-minute", "1000", ...(options.args ?? [])],
  }).catch(async (error) => {
    await pool.end();
    rmSync(folder, { recursive: true, force: true });
    await database.close();
    throw error;
  });
  const [sshd, admin] = await Promise.all([startTarget(options.sshd), program.setUp()]);
  const knownHosts = join(folder, "known-hosts");
  writeFileSync(
    knownHosts,
    execFileSync("ssh-keyscan", ["-p", String(program.sshPort), "127.0.0.1"], { stdio: ["ignore", "pipe", "ignore"] }),
  );
  const hostKeys = execFileSync("ssh-keygen", ["-lf", knownHosts], { encoding: "utf8" }).match(/SHA256:\S+/g) ?? [];

  async function person({
    key,
    roles,
    active,
  }: {
    key?: KeyOptions;
    roles?: string[];
    active?: boolean;
  } = {}): Promise<Person> {
    const loginName = `p-${randomBytes(4).toString("hex")}`;
    const password = `pass-${randomBytes(9).toString("hex")}`;
    const given = {
      loginName,
      name: `Person ${loginName}`,
      password,
      ...(roles && { roles }),
      ...(active === false && { active }),
    };
    const user = await admin.call(createUser, given);
    let keyFile = "";
    if (key) {
      const { privateKey, publicLine } = makeKey(key.type, key.bits ? { bits: key.bits } : {});
      keyFile = join(folder, `${loginName}.key`);
      writeFileSync(keyFile, privateKey, { mode: 0o600 });
      await admin.call(addUserSshKey, { id: user.id, name: "laptop", publicKey: publicLine });
    }
    return { id: user.id, user, loginName, password, keyFile };
  }

  return {
    program,
    admin,
    sshd,
    folder,
    knownHosts,
    hostKeys,
    person,
    async target({ name = `host-${randomBytes(4).toString("hex")}`, account = "root", comment = "", ...where } = {}) {
      const port = where.port ?? (where.sshd ?? sshd).port;
      const asset = await admin.call(createAsset, {
        name,
        host: "127.0.0.1",
        comment,
        protocols: [{ kind: "ssh", port }],
      });
      const secret = { kind: "key", value: targetKey.privateKey } as const;
      const made = await admin.call(createAccount, { assetId: asset.id, name: account, username: "root", secret });
      return { assetId: asset.id, accountId: made.id, name, account };
    },
    allow: (who, { assetId }, more = {}) =>
      admin.call(createGrant, {
        name: `rule-${randomBytes(4).toString("hex")}`,
        userIds: [who.id],
        assetIds: [assetId],
        accounts: { all: true },
        protocols: { all: true },
        ...more,
      }),
    query: async (text, values = []) => (await pool.query<Record<string, unknown>>(text, values)).rows,
    async close() {
      await Promise.allSettled([sshd.stop(), program.stop(), pool.end()]);
      rmSync(folder, { recursive: true, force: true });
      await database.close();
    },
  };
}

/** An OpenSSH server that lets the accounts of `Stage.target` in. */
export const startTarget = ({ config = [], ...options }: Parameters<typeof startSshd>[0] = {}): Promise<Sshd> =>
  startSshd({ authorizedKeys: [targetKey.publicLine], ...options, config: [...config, ...PLAIN_SHELL] });

/** The start-up files of whoever runs the tests may be slow, take locks or print; the shells of the targets read none. */
const PLAIN_SHELL = ["SetEnv HOME=/nonexistent", "PrintLastLog no", "PrintMotd no"];

/** Repeats `look` until it gives something; throws with `what` after `ms`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = 8_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Not within ${ms} ms: ${what}`);
    await pause(20);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The newest session of that person, once it is on, or over. */
export async function sessionOf(stage: Stage, person: Person, state: "live" | "ended" = "live"): Promise<Session> {
  return eventually(`a ${state} session of ${person.loginName}`, async () => {
    const { items } = await stage.admin.call(listSessions, { userId: person.id, limit: 1 });
    return items[0]?.state === state && items[0];
  });
}

/** The session once its row has ended. */
export const endOf = (stage: Stage, id: string, ms = 8_000): Promise<Session> =>
  eventually(
    `the end of session ${id}`,
    async () => {
      const session = await stage.admin.call(readSession, { id });
      return session.state === "ended" && session;
    },
    ms,
  );

/** The session once its recording lies in the store. */
export const stored = (stage: Stage, id: string, ms = 20_000): Promise<Session> =>
  eventually(
    `the stored recording of session ${id}`,
    async () => {
      const session = await stage.admin.call(readSession, { id });
      return session.recording.state === "stored" && session;
    },
    ms,
  );

/** Processes of one role that the program runs now. */
export function processesOf(stage: Stage, role: "api" | "gateway"): number[] {
  const parent = stage.program.process.pid;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, after = ""] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return Number(after.split(" ")[1]) === parent && words.includes(role);
      } catch {
        return false;
      }
    });
}

/** A script that answers every question of ssh with the variable GATE_PASSWORD. */
export function askpass(folder: string): string {
  const file = join(folder, "askpass");
  writeFileSync(file, '#!/bin/sh\nprintf "%s\\n" "$GATE_PASSWORD"\n');
  chmodSync(file, 0o700);
  return file;
}
