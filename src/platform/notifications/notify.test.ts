import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { MAIL_USER, type MailServer, startMailServer } from "../../../test/support/smtp.ts";
import { type Actor, plain, secret } from "../../core/index.ts";
import {
  type AnyMailTemplate,
  type Language,
  type MailTemplate,
  mailTemplate,
  type MessageText,
  type Notice,
} from "../index.ts";
import { readSettings, updateSettings } from "../schema.ts";
import { apart, layOut } from "./template.ts";

const WORDS: Readonly<Record<Language, { subject: string; text: (name: string) => string }>> = {
  en: { subject: "Set your password", text: (name) => `Hello ${name}, follow the link.` },
  zh: { subject: "设置密码", text: (name) => `${name}，您好，请打开链接。` },
};
const invitation = mailTemplate({
  key: "invitation",
  values: z.object({ name: plain(z.string().max(200)), url: secret(z.string().max(500)), code: secret(z.string()) }),
  render: ({ name, url, code }, language): MessageText => ({
    subject: WORDS[language].subject,
    paragraphs: [WORDS[language].text(name)],
    link: { label: "Link", url },
    code,
    closing: ["Bye"],
  }),
});
const VALUES = { name: "Ada", url: "https://gate.example.org/set#hush-token", code: "hush-code" };

let door: Door;
let admin: Actor;
let server: MailServer;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
  server = await startMailServer({
    onRcptTo: ({ address }, _session, callback) => {
      const code = address.startsWith("never") ? 550 : address.startsWith("later") ? 451 : 0;
      callback(code ? Object.assign(new Error("No"), { responseCode: code }) : null);
    },
  });
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
  server.received.length = 0;
  await sql`delete from notification`.execute(door.db);
});
afterAll(async () => {
  await server.stop();
  await door.close();
});

async function configure(values: object = {}): Promise<void> {
  const { version } = await door.call(admin, readSettings, { key: "mail" });
  const all = {
    host: "localhost",
    port: server.port,
    user: MAIL_USER.user,
    password: MAIL_USER.password,
    fromAddress: "gate@example.org",
    caCertificate: server.certificate,
    timeoutSeconds: 2,
    ...values,
  };
  await door.call(admin, updateSettings, { key: "mail", version, values: all });
}

async function work(templates: readonly AnyMailTemplate[] = [invitation]): Promise<() => Promise<void>> {
  const { stop } = await door.platform.work({ kinds: [], schedules: [], templates, receiverOf: door.receiverOf });
  stops.push(stop);
  return stop;
}

const notify = (to: Notice<z.ZodObject>["to"], until?: Date): Promise<void> =>
  door.platform.notify(door.db, {
    to,
    orgId: admin.orgId,
    template: invitation,
    values: VALUES,
    ...(until && { until }),
  });
const rows = () => door.db.selectFrom("notification").selectAll().orderBy("id").execute();
const states = async (): Promise<string[]> => (await rows()).map(({ state }) => state);
const arrived = (count: number) =>
  expect.poll(() => server.received.length, { timeout: 8000, interval: 20 }).toBe(count);

describe("a notification", () => {
  test("leaves after the commit, and its row keeps nothing of what it said", async () => {
    await configure();
    await work();
    await door.database.transaction(async (db) => {
      await door.platform.notify(db, {
        to: { address: "ada@example.org" },
        orgId: null,
        template: invitation,
        values: VALUES,
      });
      await pause(150);
      expect(server.received).toEqual([]);
    });
    await arrived(1);
    const [mail] = server.received;
    expect(mail?.text).toContain(VALUES.url);
    expect(mail?.text).toContain(VALUES.code);
    await expect.poll(states).toEqual(["sent"]);
    const [row] = await rows();
    expect(row).toMatchObject({ content: null, sealed: null, attempts: 1, problem: null });
    expect(mail?.messageId).toBe(`<${row?.id}@example.org>`);
  });

  test("does not leave when its transaction fails", async () => {
    await configure();
    await work();
    const failing = door.database.transaction(async (db) => {
      await door.platform.notify(db, {
        to: { address: "a@example.org" },
        orgId: null,
        template: invitation,
        values: VALUES,
      });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await rows()).toEqual([]);
  });

  test("waits with its links and codes sealed", async () => {
    await notify({ address: "ada@example.org" });
    const [row] = await rows();
    expect(row?.content).toEqual({ name: "Ada" });
    expect(JSON.stringify({ ...row, sealed: row?.sealed?.toString("latin1") })).not.toContain("hush");
  });

  test("goes to the user's address at that time, in the user's language", async () => {
    const zoe = await door.person("zoe");
    await sql`update users set email = 'zoe@example.org', preferences = '{"language":"zh"}' where id = ${zoe.id}`.execute(
      door.db,
    );
    await configure();
    await notify({ userId: zoe.id });
    await work();
    await arrived(1);
    expect(server.received[0]).toMatchObject({ subject: "设置密码", to: { text: "zoe@example.org" } });
  });

  test("is given up where there is no address or the server knows no such receiver, and the trail tells", async () => {
    const mute = await door.person("no-mail");
    await configure();
    await notify({ userId: mute.id });
    await notify({ address: "never@example.org" });
    await notify({ address: "late@example.org" }, new Date(Date.now() - 1000));
    await work();
    await expect.poll(states, { timeout: 5000 }).toEqual(["given_up", "given_up", "given_up"]);
    expect((await rows()).every(({ content, sealed }) => content === null && sealed === null)).toBe(true);
    const events = await door.events("notification.give-up");
    expect(events.map(({ fields }) => String(fields.problem)).toSorted()).toEqual([
      "It could not be sent in time.",
      "The user has no mail address.",
      expect.stringContaining("refused the sender or the receiver"),
    ]);
    expect(JSON.stringify(events)).not.toContain("hush");
    expect(server.received).toEqual([]);
  });

  test("is tried again later, with longer pauses, and is the same message then", async () => {
    await configure();
    await notify({ address: "later@example.org" });
    await work();
    const first = async () => (await rows())[0]!;
    await expect.poll(async () => (await first()).attempts, { timeout: 5000 }).toBe(1);
    await expect.poll(async () => (await first()).problem).toContain("451");
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      await expect.poll(async () => (await first()).claimed_until).toBeNull();
      pauses.push(Math.round(((await first()).next_at.getTime() - Date.now()) / 10_000));
      await sql`update notification set next_at = now()`.execute(door.db);
      await sql`select pg_notify('notification_waiting', '')`.execute(door.db);
      await expect.poll(async () => (await first()).attempts, { timeout: 5000 }).toBe(attempt + 1);
    }
    expect(pauses).toEqual([3, 6, 12]);
    expect(await states()).toEqual(["waiting"]);
  });

  test("waits while mail is not set up or the server is down, and leaves when it is there", async () => {
    await configure({ host: "" });
    expect(await door.platform.mailIsConfigured()).toBe(false);
    await notify({ address: "ada@example.org" });
    await work();
    await pause(200);
    expect((await rows())[0]).toMatchObject({ state: "waiting", attempts: 0 });
    await configure();
    expect(await door.platform.mailIsConfigured()).toBe(true);
    await sql`select pg_notify('notification_waiting', '')`.execute(door.db);
    await arrived(1);
  });

  test("is sent once, however many processes work", async () => {
    await configure();
    const stop = await Promise.all([work(), work(), work()]);
    for (let n = 0; n < 30; n++) await notify({ address: `ada-${n}@example.org` });
    await arrived(30);
    for (const one of stop) await one();
    expect(new Set(server.received.map(({ messageId }) => messageId)).size).toBe(30);
    expect(server.received).toHaveLength(30);
  });

  test("of a template that this version does not know is given up", async () => {
    await configure();
    await notify({ address: "ada@example.org" });
    await work([]);
    await expect.poll(states, { timeout: 5000 }).toEqual(["given_up"]);
    expect((await rows())[0]?.problem).toContain("invitation");
  });

  test("cannot keep its content once it has ended, in SQL as well", async () => {
    await notify({ address: "ada@example.org" });
    const end = sql`update notification set state = 'sent', ended_at = now()`.execute(door.db);
    await expect(end).rejects.toThrow("notification_keeps_no_content_once_ended");
  });
});

describe("the layout", () => {
  const evil = `<img src=x onerror=alert(1)>"&'`;

  test("escapes every value, and makes links of web addresses only", () => {
    const text = { subject: `a\r\nBcc: eve@example.org`, paragraphs: [evil], code: evil, closing: [evil] };
    const good = layOut("1", { ...text, link: { label: evil, url: `https://x.example/?a="><script>` } }, "en");
    expect(good.html).not.toMatch(/<img|<script|onerror=alert\(1\)>/);
    expect(good.html).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;&amp;&#39;");
    expect(good.html).toContain('href="https://x.example/?a=&quot;&gt;&lt;script&gt;"');
    expect(good.text).toContain(evil);
    expect(good.subject).toBe("a Bcc: eve@example.org");
    for (const url of ["javascript:alert(1)", "data:text/html,x"]) {
      expect(layOut("1", { ...text, link: { label: "x", url } }, "zh").html).not.toContain("href");
    }
  });

  test("seals whatever the template does not show openly", () => {
    const template: MailTemplate = mailTemplate({
      key: "mixed",
      values: z.object({ a: plain(z.string()), b: z.string(), c: z.number(), d: secret(z.string()) }),
      render: () => ({ subject: "", paragraphs: [] }),
    });
    expect(apart(template, { a: "1", b: "2", c: 3, d: "4" })).toEqual({
      open: { a: "1", c: 3 },
      secret: { b: "2", d: "4" },
    });
  });
});
