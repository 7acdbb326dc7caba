import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import {
  type Browser,
  browser,
  enrolTotp,
  freshAddress,
  mustBeIn,
  withPassword,
} from "../../../test/security/way-in.ts";
import { eventually } from "../../../test/gateways/stage.ts";
import { type MailServer, startMailServer, MAIL_USER } from "../../../test/support/smtp.ts";
import { candidateOf } from "../login/candidate.ts";
import { signInSettings } from "../login/settings.ts";
import { mailedCodeFactor } from "./mailed-code.ts";
import { updateSettings } from "../../platform/schema.ts";
import type { Actor } from "../../core/index.ts";

let door: Door;
let smtp: MailServer;
let root: Actor;
let working: { stop(): Promise<void> };

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  smtp = await startMailServer();
  root = await door.person("root", { roles: ["system-administrator"] });
  working = await door.platform.work({ ...door.iam.work, receiverOf: door.receiverOf });
});
afterAll(async () => {
  await working?.stop();
  await smtp?.stop();
  await door.close();
});

async function set(key: string, values: Record<string, unknown>): Promise<void> {
  const row = await door.db.selectFrom("setting").select("version").where("key", "=", key).executeTakeFirst();
  await door.call(root, updateSettings, { key, version: row?.version ?? 0, values: values as never });
}
const mailIsOn = () =>
  set("mail", {
    host: "localhost",
    port: smtp.port,
    security: "starttls",
    caCertificate: smtp.certificate,
    user: MAIL_USER.user,
    password: MAIL_USER.password,
    fromAddress: "gate@example.org",
  });

beforeEach(async () => {
  await door.db.deleteFrom("setting").execute();
  await mailIsOn();
});

let people = 0;
async function newcomer(options: { chosen?: boolean; level?: "on" | "forced" } = {}) {
  const name = `mailed-${++people}`;
  const { id } = await door.person(name);
  await withPassword(door, id);
  await door.db
    .updateTable("users")
    .set({ email: `${name}@example.org`, second_factor: options.level ?? null })
    .where("id", "=", id)
    .execute();
  if (options.chosen) await door.db.insertInto("mailed_factor").values({ user_id: id }).execute();
  return { id, name };
}

const lettersTo = (name: string) =>
  smtp.received.filter(({ to }) => JSON.stringify(to ?? "").includes(`"${name}@example.org"`));

/** The code of the newest mail to that person, once there are so many. */
async function codeIn(name: string, count = 1): Promise<string> {
  const text = await eventually(`mail ${count} to ${name}`, () => lettersTo(name)[count - 1]?.text);
  const [code] = /^ {4}(\d{6})$/m.exec(text)?.slice(1) ?? [];
  if (!code) throw new Error(`No code in ${text}`);
  return code;
}

async function asked(name: string, window: Browser = browser(door)): Promise<Browser> {
  expect(await window.signIn(name)).toEqual({
    step: "second-factor",
    factors: [{ kind: "mailed-code", title: "Code by mail" }],
  });
  return window;
}

/** As if the last mail to the person were older. */
const later = (id: string, minutes: number) =>
  sql`update mailed_code set sent_at = sent_at - make_interval(mins => ${minutes}), expires_at = expires_at - make_interval(mins => ${minutes})
    where user_id = ${id}`.execute(door.db);

const wrongOf = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

describe("a code by mail", () => {
  test("arrives, signs in once, and is stored neither open nor so that it could be guessed", async () => {
    const { id, name } = await newcomer({ chosen: true });
    const window = await asked(name);
    expect(await window.begin("mailed-code")).toEqual({ sentTo: "m…@example.org", digits: 6, minutes: 10 });
    const { rows } = await sql<{ row: string }>`
      select m::text as row from mailed_code m where user_id = ${id}
      union all select n::text from notification n where user_id = ${id}
      union all select a::text from sign_in_attempt a where user_id = ${id}
      union all select fields::text from audit_event`.execute(door.db);
    const code = await codeIn(name);
    expect(rows.map(({ row }) => row).join()).not.toContain(code);
    const { code_hash } = await door.db
      .selectFrom("mailed_code")
      .select("code_hash")
      .where("user_id", "=", id)
      .executeTakeFirstOrThrow();
    const plain = await sql<{ hit: boolean }>`select exists (
      select from generate_series(0, 999999) n where sha256(lpad(n::text, 6, '0')::bytea) = ${code_hash}) as hit`.execute(
      door.db,
    );
    expect(plain.rows).toEqual([{ hit: false }]);
    mustBeIn(await window.answer("mailed-code", ` ${code.slice(0, 3)} ${code.slice(3)}`));
    await later(id, 2);
    const second = await asked(name);
    await second.begin("mailed-code");
    expect(await door.codeOf(second.answer("mailed-code", code))).toBe("unauthenticated");
  });

  test("is right once, also for who gives it several times at the same moment", async () => {
    const { id, name } = await newcomer({ chosen: true });
    const user = await candidateOf(door.db, id);
    const context = { db: door.db, now: new Date(), user: user!, address: null, origin: null };
    const factor = mailedCodeFactor({ platform: door.platform });
    const { memory } = await factor.begin(context);
    const code = await codeIn(name);
    const answers = await Promise.all([1, 2, 3].map(() => factor.verify(context, code, memory)));
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test("is void after three wrong tries, also for who asks at the same moment", async () => {
    const { name } = await newcomer({ chosen: true });
    const window = await asked(name);
    await window.begin("mailed-code");
    const code = await codeIn(name);
    for (let tries = 0; tries < 3; tries++)
      expect(await door.codeOf(window.answer("mailed-code", wrongOf(code)))).toBe("unauthenticated");
    expect(await door.codeOf(window.answer("mailed-code", code))).toBe("unauthenticated");
    const other = await newcomer({ chosen: true });
    const many = await asked(other.name);
    await many.begin("mailed-code");
    const right = await codeIn(other.name);
    await Promise.all(Array.from({ length: 30 }, () => door.codeOf(many.answer("mailed-code", wrongOf(right)))));
    const { tries } = await door.db
      .selectFrom("mailed_code")
      .select("tries")
      .where("user_id", "=", other.id)
      .executeTakeFirstOrThrow();
    expect(tries).toBeLessThanOrEqual(3);
    await expect(sql`update mailed_code set tries = 4 where user_id = ${other.id}`.execute(door.db)).rejects.toThrow(
      /mailed_code_has_three_tries/,
    );
  });

  test("is void after ten minutes", async () => {
    const { id, name } = await newcomer({ chosen: true });
    const window = await asked(name);
    await window.begin("mailed-code");
    const code = await codeIn(name);
    await later(id, 10);
    expect(await door.codeOf(window.answer("mailed-code", code))).toBe("unauthenticated");
  });

  test("is good only for the sign-in that asked for it", async () => {
    const { id, name } = await newcomer({ chosen: true });
    const mine = await asked(name);
    await mine.begin("mailed-code");
    const code = await codeIn(name);
    const theirs = await asked(name);
    expect(await door.codeOf(theirs.answer("mailed-code", code))).toBe("unauthenticated");
    await later(id, 2);
    await theirs.begin("mailed-code");
    await codeIn(name, 2);
    // The newer one voids the one before.
    expect(await door.codeOf(mine.answer("mailed-code", code))).toBe("unauthenticated");
  });

  test("is mailed once a minute at most, also when it is asked for from everywhere at once", async () => {
    const { id, name } = await newcomer({ chosen: true });
    const windows = await Promise.all(Array.from({ length: 8 }, () => asked(name)));
    const ends = await Promise.all(windows.map((window) => door.codeOf(window.begin("mailed-code"))));
    expect(ends.toSorted()).toEqual(["ok", ...Array(7).fill("too_many")]);
    await later(id, 1);
    expect(await door.codeOf(windows[0]!.begin("mailed-code"))).toBe("ok");
    await codeIn(name, 2);
    expect(lettersTo(name)).toHaveLength(2);
  });

  test("that was asked for again within the minute leaves the one before good", async () => {
    const { name } = await newcomer({ chosen: true });
    const window = await asked(name);
    await window.begin("mailed-code");
    expect(await door.codeOf(window.begin("mailed-code"))).toBe("too_many");
    mustBeIn(await window.answer("mailed-code", await codeIn(name)));
  });

  test("comes from the system's generator: a known Math.random foretells none", async () => {
    const foretold = vi.spyOn(Math, "random").mockReturnValue(0.42);
    try {
      const codes = new Set<string>();
      for (let round = 0; round < 4; round++) {
        const { name } = await newcomer({ chosen: true });
        await (await asked(name)).begin("mailed-code");
        codes.add(await codeIn(name));
      }
      expect(codes.size).toBeGreaterThan(1);
    } finally {
      foretold.mockRestore();
    }
  });
});

describe("who is asked for it", () => {
  test("with the level on: who chose it, and nobody else, whatever the settings say", async () => {
    const { name } = await newcomer({ level: "on" });
    await set(signInSettings.key, { mailedCode: "fallback" });
    mustBeIn(await browser(door).signIn(name));
    const chosen = await newcomer({ level: "on", chosen: true });
    expect(await asked(chosen.name)).toBeDefined();
  });

  test("with the level forced: who has nothing else, if the settings say so; else another one is set up", async () => {
    const { name } = await newcomer({ level: "forced" });
    expect(await browser(door).signIn(name)).toMatchObject({ step: "enrol" });
    await set(signInSettings.key, { mailedCode: "fallback" });
    const window = await asked(name);
    await window.begin("mailed-code");
    mustBeIn(await window.answer("mailed-code", await codeIn(name)));
    await set(signInSettings.key, { mailedCode: "off" });
    const owner = await newcomer();
    await enrolTotp(door, owner.name);
    await set(signInSettings.key, { mailedCode: "fallback" });
    const kinds = await browser(door).signIn(owner.name);
    expect(JSON.stringify(kinds)).not.toContain("mailed-code");
  });

  test.each(["the settings forbid it", "mail is not set up", "there is no address"])(
    "who chose it stays asked for it, and is told what to do, when %s",
    async (because) => {
      const { id, name } = await newcomer({ chosen: true, level: "on" });
      if (because === "the settings forbid it") await set(signInSettings.key, { mailedCode: "off" });
      if (because === "mail is not set up") await door.db.deleteFrom("setting").where("key", "=", "mail").execute();
      if (because === "there is no address")
        await door.db.updateTable("users").set({ email: null }).where("id", "=", id).execute();
      const window = await asked(name);
      await expect(window.begin("mailed-code")).rejects.toMatchObject({
        code: "denied",
        message: expect.stringMatching(/recovery code.*administrator/),
      });
      const way = door.iam.sshWayIn(freshAddress());
      expect(await door.codeOf(way.withPassword({ loginName: name, password: "correct horse battery" }))).toBe(
        "denied",
      );
      expect(lettersTo(name)).toEqual([]);
    },
  );
});

describe("choosing it on the forced way in", () => {
  test("takes a code that arrived, and gives recovery codes", async () => {
    const { name } = await newcomer({ level: "forced" });
    const window = browser(door, freshAddress());
    expect(await window.signIn(name)).toMatchObject({ step: "enrol" });
    await window.beginEnrolment("mailed-code");
    const code = await codeIn(name);
    expect(await door.codeOf(window.finishEnrolment("mailed-code", wrongOf(code)))).toBe("unauthenticated");
    const { once, next } = await window.finishEnrolment("mailed-code", code);
    expect(once.recoveryCodes).toHaveLength(10);
    mustBeIn(next);
  });
});

describe("over SSH", () => {
  const password = "correct horse battery";

  test("who has only that is mailed one and asked for it", async () => {
    const { name } = await newcomer({ chosen: true });
    const way = door.iam.sshWayIn(freshAddress());
    expect(await way.withPassword({ loginName: name, password })).toEqual({
      step: "ask",
      prompt: "Code that was mailed to you",
      words: "",
    });
    const code = await codeIn(name);
    expect(await door.codeOf(way.answer(wrongOf(code)))).toBe("unauthenticated");
    expect(await way.answer(code)).toMatchObject({ step: "in" });
  });

  test("who also has an app is mailed one only when they type its name", async () => {
    const { id, name } = await newcomer();
    await set(signInSettings.key, { mailedCode: "off" });
    await enrolTotp(door, name);
    await set(signInSettings.key, { mailedCode: "chosen" });
    await door.db.insertInto("mailed_factor").values({ user_id: id }).execute();
    const way = door.iam.sshWayIn(freshAddress());
    const asked = await way.withPassword({ loginName: name, password });
    expect(asked).toMatchObject({ step: "ask", prompt: "Code of your authenticator app" });
    expect(asked).toMatchObject({ words: 'Or type "mailed-code" (code by mail), "recovery-code" (recovery code).' });
    expect(lettersTo(name)).toEqual([]);
    expect(await way.answer("mailed-code")).toMatchObject({ prompt: "Code that was mailed to you" });
    expect(await way.answer(await codeIn(name))).toMatchObject({ step: "in" });
  });

  test("within a minute of the last one the person is told why there is none", async () => {
    const { name } = await newcomer({ chosen: true });
    await door.iam.sshWayIn(freshAddress()).withPassword({ loginName: name, password });
    const again = door.iam.sshWayIn(freshAddress()).withPassword({ loginName: name, password });
    await expect(again).rejects.toMatchObject({
      code: "denied",
      message: expect.stringMatching(/less than a minute ago/),
    });
    const wrong = door.iam.sshWayIn(freshAddress()).withPassword({ loginName: name, password: "wrong" });
    await expect(wrong).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
