import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { codeOf } from "../security/way-in.ts";
import { drivers } from "./both-clients.ts";
import { paramiko } from "./clients.ts";
import { type OwnerOfApp, ownerOfApp } from "./owner-of-app.ts";
import { eventually, type KeyOptions, pause, processesOf, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
}, 60_000);
afterAll(() => stage?.close(), 30_000);

const ED25519: KeyOptions = { type: "ed25519" };
const PASSWORD = /[Pp]assword: $/;
const CODE = /Code of your authenticator app: $/;
const WRONG = "000000";
const owner = (key: KeyOptions = ED25519) => ownerOfApp(stage, target, key);
const questions = (...patterns: RegExp[]) => patterns.map((pattern) => expect.stringMatching(pattern));

/** What is written down of the person's sign-ins over SSH, oldest first. */
async function written({ person }: OwnerOfApp): Promise<{ action: string; outcome: string; proofs: unknown }[]> {
  const { items } = await stage.admin.call(listAuditEvents, { targetId: person.id, limit: 200 });
  return items
    .filter(({ action, via }) => action.startsWith("sign-in") && via === "ssh")
    .map(({ action, outcome, fields }) => ({ action, outcome, proofs: fields.proofs }))
    .toReversed();
}

describe.for(drivers)("$name", (driver) => {
  describe("password and code", () => {
    it("let in together", async () => {
      const one = await owner();
      const codes = [codeOf(one.secret, 1)];
      expect(await driver.signIn(stage, one, { by: "password", codes })).toMatchObject({
        isIn: true,
        asked: questions(PASSWORD, CODE),
      });
    });

    it("do not when either is wrong or missing", async () => {
      const one = await owner();
      const codes = [codeOf(one.secret, 1)];
      const wrongPassword = await driver.signIn(stage, one, { by: "password", password: "not the password", codes });
      expect(wrongPassword).toMatchObject({ isIn: false, asked: questions(PASSWORD) });
      const wrongCode = await driver.signIn(stage, one, { by: "password", codes: [WRONG] });
      expect(wrongCode).toMatchObject({ isIn: false, asked: questions(PASSWORD, CODE) });
      expect(await driver.signIn(stage, one, { by: "password" })).toMatchObject({ isIn: false });
      expect(await driver.signIn(stage, one, { by: "password", codes })).toMatchObject({ isIn: true });
    });
  });

  describe("key and code", () => {
    it("let in together, without a password", async () => {
      const one = await owner();
      const codes = [codeOf(one.secret, 1)];
      expect(await driver.signIn(stage, one, { by: "key", codes })).toMatchObject({
        isIn: true,
        asked: questions(CODE),
      });
    });

    it("do not when the code is wrong or missing", async () => {
      const one = await owner();
      const codes = [codeOf(one.secret, 1)];
      expect(await driver.signIn(stage, one, { by: "key", codes: [WRONG] })).toMatchObject({ isIn: false });
      expect(await driver.signIn(stage, one, { by: "key" })).toMatchObject({ isIn: false });
      expect(await driver.signIn(stage, one, { by: "key", codes })).toMatchObject({ isIn: true });
    });
  });

  // CVE-2023-42818: a key that was only offered counted as the first proof.
  describe("a key that is offered and never proved", () => {
    it("lets nobody in, and the code does not stand in for the password", async () => {
      const one = await owner();
      const offered = await driver.offer(stage, one, [codeOf(one.secret, 1)]);
      expect(offered).toMatchObject({ isIn: false, asked: questions(PASSWORD) });
      expect(await written(one)).toEqual([]);
    });

    it("adds nothing to a right password: the code is asked for all the same", async () => {
      const one = await owner();
      const offered = await driver.offer(stage, one, [one.person.password]);
      expect(offered).toMatchObject({ isIn: false, asked: questions(PASSWORD, CODE) });
    });

    it("is no proof of a sign-in that password and code brought about, and is not remembered", async () => {
      const one = await owner();
      const offered = await driver.offer(stage, one, [one.person.password, codeOf(one.secret, 1)]);
      expect(offered.isIn).toBe(true);
      expect((await written(one)).at(-1)).toMatchObject({ outcome: "ok", proofs: ["password", "totp"] });
      const { id } = one.person;
      expect(await stage.query("select first_proof from remembered_proof where user_id = $1", [id])).toEqual([
        { first_proof: "password" },
      ]);
      expect(await stage.query("select last_used_at from ssh_key where user_id = $1", [id])).toEqual([
        { last_used_at: null },
      ]);
      expect(await driver.signIn(stage, one, { by: "key" })).toMatchObject({ isIn: false, asked: questions(CODE) });
    });

    it("is not proved by the signature of another key", async () => {
      const [one, other] = [await owner(), await owner()];
      expect(await driver.forge(stage, one, other)).toMatchObject({
        isIn: false,
        asked: driver.name === "OpenSSH" ? questions(PASSWORD) : [],
      });
      expect(await written(one)).toEqual([]);
    });
  });

  describe("a hundred wrong tries", () => {
    const [from, elsewhere] = driver.name === "paramiko" ? ["127.0.0.21", "127.0.0.22"] : ["127.0.0.31", "127.0.0.32"];

    it("of the password are braked, the end of the block is told, and elsewhere the right one lets in", {
      timeout: 180_000,
    }, async () => {
      const one = await owner();
      await driver.signIn(stage, await owner(), { by: "password" });
      const before = held();
      const { tries, told } = await driver.guess(stage, one, { by: "password", password: "not the password", from });
      expect(tries).toBe(100);
      expect(told.length).toBeGreaterThan(80);
      expect(told.every((words) => TOLD.test(words))).toBe(true);
      const counted = await brakes(one.person.loginName);
      expect(counted.length).toBe(2);
      for (const { failures } of counted) expect(Number(failures)).toBeLessThan(20);
      // Not a line for each try that waited.
      const { items } = await stage.admin.call(listAuditEvents, { action: "sign-in", limit: 200 });
      expect(items.filter(({ address }) => address === from).length).toBeLessThan(40);
      await eventually("the end of the connections", () => held().handles <= before.handles + 5);
      expect(held().memory - before.memory).toBeLessThan(64 * 1024);

      const codes = [codeOf(one.secret, 1)];
      const seconds = await blockOf(one, { answers: ["not the password"], from, counted: one.person.loginName });
      expect(await driver.signIn(stage, one, { by: "password", codes, from })).toMatchObject({
        isIn: false,
        asked: questions(PASSWORD),
        told: expect.stringMatching(TOLD),
      });
      expect(await driver.signIn(stage, one, { by: "password", codes, from: elsewhere })).toMatchObject({ isIn: true });
      await pause(seconds * 1000);
      const afterwards = await driver.signIn(stage, one, { by: "password", from });
      expect(afterwards).toMatchObject({ asked: questions(PASSWORD, CODE) });
    });

    it("of the code are braked, the end of the block is told, and elsewhere the right one lets in", {
      timeout: 180_000,
    }, async () => {
      const one = await owner();
      const { password, loginName } = one.person;
      const { tries, told } = await driver.guess(stage, one, { by: "password", codes: [WRONG], from });
      expect(tries).toBe(100);
      expect(told.length).toBeGreaterThan(80);
      expect(told.every((words) => TOLD.test(words))).toBe(true);
      const counted = `${loginName}/second-factor`;
      for (const { failures } of await brakes(counted)) expect(Number(failures)).toBeLessThan(20);
      await blockOf(one, { answers: [password, WRONG], from, counted });
      const codes = [codeOf(one.secret, 1)];
      expect(await driver.signIn(stage, one, { by: "password", codes, from })).toMatchObject({
        isIn: false,
        asked: questions(PASSWORD, CODE),
        told: expect.stringMatching(TOLD),
      });
      expect(await driver.signIn(stage, one, { by: "password", codes, from: elsewhere })).toMatchObject({ isIn: true });
    });
  });
});

const TOLD = /Too many failed attempts\. Try again in \d+ seconds\./;

/** Goes on until it is told to wait for some seconds, and returns them: what stands in the database. */
async function blockOf(
  { user }: OwnerOfApp,
  { answers, from, counted }: { answers: string[]; from: string; counted: string },
): Promise<number> {
  for (;;) {
    const { banner } = await paramiko(stage, { user, interactive: answers, from });
    const seconds = Number(/again in (\d+) seconds/.exec(banner ?? "")?.[1] ?? 0);
    if (seconds < 5) continue;
    const [row] = await stage.query(
      "select extract(epoch from blocked_until - now())::float8 as left from sign_in_brake where login_name = $1 and address = $2",
      [counted, from],
    );
    expect(Math.abs(seconds - Number(row?.left))).toBeLessThan(3);
    return seconds;
  }
}

const brakes = (loginName: string) =>
  stage.query("select address, failures from sign_in_brake where login_name = $1", [loginName]);

/** Files and connections, and KiB of memory, that the gateways hold. */
function held(): { handles: number; memory: number } {
  const pids = processesOf(stage, "gateway");
  const memory = (pid: number): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  return {
    handles: pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0),
    memory: pids.reduce((sum, pid) => sum + memory(pid), 0),
  };
}

// What the answer to an offer tells to whom.
it("an offer is answered alike for an unknown user and a user with another key, and asks no more of the owner", async () => {
  const [one, other] = [await owner(), await owner()];
  const offer = (user: string, { person }: OwnerOfApp) =>
    paramiko(stage, { user, keyFile: person.keyFile, offer: true });
  const [foreign, nobody, mine] = [
    await offer(one.user, other),
    await offer("nobody-here", other),
    await offer(one.user, one),
  ];
  expect(foreign).toMatchObject({
    answer: 51,
    methods: ["publickey", "password", "keyboard-interactive"],
    partial: false,
  });
  expect(nobody).toEqual(foreign);
  expect(mine.answer).toBe(60);
  expect(mine.then).toBe(foreign.then);
});
