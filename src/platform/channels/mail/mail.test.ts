import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../../test/security/door.ts";
import { freePort } from "../../../../test/support/program.ts";
import { MAIL_USER, type MailServer, startMailServer, startMuteServer } from "../../../../test/support/smtp.ts";
import type { Actor } from "../../../core/index.ts";
import { checkMail, readSettings, updateSettings } from "../../schema.ts";
import { channels } from "../index.ts";
import { createTranscript } from "./transcript.ts";

let door: Door;
let admin: Actor;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});
afterAll(() => door.close());

async function server(...options: Parameters<typeof startMailServer>): Promise<MailServer> {
  const started = await startMailServer(...options);
  stops.push(() => started.stop());
  return started;
}

async function mute(lines?: readonly string[]): Promise<number> {
  const started = await startMuteServer(lines);
  stops.push(() => started.stop());
  return started.port;
}

const BASE = {
  host: "localhost",
  security: "starttls",
  user: MAIL_USER.user,
  password: MAIL_USER.password,
  fromAddress: "gate@example.org",
  fromName: "The Gate",
  replyTo: "",
  subjectPrefix: "[gate]",
  caCertificate: "",
  timeoutSeconds: 2,
};

async function setUp(values: object): Promise<void> {
  const { version } = await door.call(admin, readSettings, { key: "mail" });
  await door.call(admin, updateSettings, { key: "mail", version, values: { ...BASE, ...values } });
}

const check = (to = "ada@example.org") => door.call(admin, checkMail, { to });
/** In none of the forms in which it could be in a text. */
function expectNoPassword(text: string, password = MAIL_USER.password): void {
  const plain = Buffer.from(`\0${MAIL_USER.user}\0${password}`).toString("base64");
  for (const form of [password, Buffer.from(password).toString("base64"), plain]) expect(text).not.toContain(form);
}

describe("a test mail", () => {
  test.each(["PLAIN", "LOGIN", "CRAM-MD5"])(
    "arrives by STARTTLS with %s, and the conversation shows no secret",
    async (method) => {
      const { port, certificate, received } = await server({ authMethods: [method] });
      await setUp({ port, caCertificate: certificate, replyTo: "help@example.org" });
      const answer = await check();
      expect(answer).toMatchObject({ ok: true });
      expect(received[0]).toMatchObject({
        subject: "[gate] Test message / 测试邮件",
        from: { text: '"The Gate" <gate@example.org>' },
        to: { text: "ada@example.org" },
        replyTo: { text: "help@example.org" },
      });
      expect(received[0]?.text).toContain("Mail from Sallyport arrives.");
      expect(received[0]?.html).toContain("来自 Sallyport 的邮件可以送达。");
      const said = answer.transcript.join("\n");
      expect(said).toContain("> STARTTLS");
      expect(said).toContain(`> AUTH ${method}`);
      expect(said).toMatch(/< 235/);
      expectNoPassword(said);
      expectNoPassword(JSON.stringify(await door.events("settings.mail.check")));
    },
  );

  test("arrives over TLS from the first byte", async () => {
    const { port, certificate, received } = await server({ secure: true });
    await setUp({ port, caCertificate: certificate, security: "tls" });
    expect(await check()).toMatchObject({ ok: true });
    expect(received).toHaveLength(1);
  });

  test("arrives without encryption on this machine only", async () => {
    const { port, received } = await server({ disabledCommands: ["STARTTLS"], authOptional: true });
    await setUp({ port, security: "none", user: "" });
    expect(await check()).toMatchObject({ ok: true });
    expect(received).toHaveLength(1);
    const far = setUp({ port, security: "none", host: "mail.example.org" });
    await expect(far).rejects.toMatchObject({ code: "invalid", details: { problems: [{ path: "security" }] } });
  });

  test("does not leave when the password is wrong, even where the server repeats it", async () => {
    const { port, certificate, received } = await server();
    const password = "a-wrong-password-2";
    await setUp({ port, caCertificate: certificate, password });
    const answer = await check();
    expect(answer).toMatchObject({ ok: false, message: expect.stringContaining("refused the user or the password") });
    expect(answer.message).toContain("535");
    expectNoPassword(JSON.stringify(answer), password);
    expect(JSON.stringify(answer)).toContain("No such user with ********");
    expectNoPassword(JSON.stringify(await door.events("settings.mail.check")), password);
    expect(received).toEqual([]);
  });

  test("does not leave when the certificate is not trusted, and the password does not either", async () => {
    const { port, received } = await server();
    await setUp({ port });
    const answer = await check();
    expect(answer).toMatchObject({ ok: false, message: expect.stringContaining("is not trusted") });
    expect(answer.transcript.join("\n")).not.toContain("> AUTH");
    expect(received).toEqual([]);
  });

  test("does not leave when the certificate is another server's", async () => {
    const { port, certificate, received } = await server({ name: "mail.example.org" });
    await setUp({ port, caCertificate: certificate });
    expect(await check()).toMatchObject({ ok: false, message: expect.stringContaining("is not trusted") });
    expect(received).toEqual([]);
  });

  test("does not leave where STARTTLS is not offered", async () => {
    const { port, received } = await server({ disabledCommands: ["STARTTLS"], allowInsecureAuth: true });
    await setUp({ port });
    const answer = await check();
    expect(answer).toMatchObject({ ok: false, message: expect.stringContaining("does not offer STARTTLS") });
    expect(answer.transcript.join("\n")).not.toContain("> AUTH");
    expect(received).toEqual([]);
  });

  test("says that nobody answers, that there is no such server, that it refuses the receiver", async () => {
    await setUp({ port: await freePort() });
    expect(await check()).toMatchObject({ ok: false, message: expect.stringContaining("Nobody answers") });
    await setUp({ port: 25, host: "nowhere.invalid" });
    expect((await check()).message).toMatch(/no server called nowhere.invalid/);
    const { port, certificate } = await server({
      onRcptTo: (_address, _session, callback) =>
        callback(Object.assign(new Error("No such mailbox"), { responseCode: 550 })),
    });
    await setUp({ port, caCertificate: certificate });
    expect((await check()).message).toMatch(/refused the sender or the receiver.*No such mailbox/);
  });

  test.each<[string, string[]]>([
    ["says nothing at all", []],
    ["falls silent after its greeting", ["220 here I am"]],
    ["falls silent in the middle of an answer", ["220 here I am", "250-first"]],
  ])("gives up within the time limit on a server that %s", async (_, lines) => {
    await setUp({ port: await mute(lines) });
    const began = performance.now();
    expect(await check()).toMatchObject({
      ok: false,
      message: expect.stringContaining("did not answer within 2 seconds"),
    });
    expect(performance.now() - began).toBeLessThan(4000);
  });

  test("is refused in words while mail is not set up, and to whoever may not", async () => {
    const { version } = await door.call(admin, readSettings, { key: "mail" });
    await door.call(admin, updateSettings, { key: "mail", version, values: { host: "" } });
    expect(await door.codeOf(check())).toBe("conflict");
    expect(await door.platform.mailIsConfigured()).toBe(false);
    expect(await door.codeOf(door.call(await door.person("nobody"), checkMail, { to: "a@b.example" }))).toBe("denied");
  });
});

describe("the settings of mail", () => {
  test.each<[object, string]>([
    [{ host: "mail.example.org", fromAddress: "" }, "fromAddress"],
    [{ fromAddress: "not an address" }, "fromAddress"],
    [{ fromName: "two\nlines" }, "fromName"],
    [{ subjectPrefix: "x\r\nBcc: eve@example.org" }, "subjectPrefix"],
    [{ caCertificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }, "caCertificate"],
    [{ caCertificate: "nonsense" }, "caCertificate"],
    [{ host: "bad host" }, "host"],
    [{ port: 0 }, "port"],
  ])("refuse %o at %s", async (values, path) => {
    await expect(setUp(values)).rejects.toMatchObject({ code: "invalid", details: { problems: [{ path }] } });
  });

  test("keep the password when it is left empty", async () => {
    const { port, certificate } = await server();
    await setUp({ port, caCertificate: certificate });
    await setUp({ port, caCertificate: certificate, password: "" });
    expect(await check()).toMatchObject({ ok: true });
  });
});

describe("every channel", () => {
  test.each(channels.list().map((channel) => [channel.kind, channel] as const))(
    "%s is not set up by default, and answers a check that cannot succeed",
    async (_, channel) => {
      const defaults = channel.settings.schema.parse({});
      expect(channel.isConfigured(defaults)).toBe(false);
      const message = { id: "x", subject: "x", text: "x", html: "x" };
      const nowhere = { ...defaults, ...BASE, host: "localhost", port: await freePort() };
      const answer = await channel.check(nowhere, "ada@example.org", message, AbortSignal.timeout(10_000));
      expect(answer.ok).toBe(false);
    },
  );
});

describe("a transcript", () => {
  test("masks a secret as it is and within base64 wherever it begins, and has a bound", () => {
    const { logger, lines, masked } = createTranscript(["hunter2-hunter2"]);
    const forms = ["", "a", "ab"].map((before) => Buffer.from(`${before}hunter2-hunter2 tail`).toString("base64"));
    for (const form of ["hunter2-hunter2", ...forms]) logger.debug?.({ tnx: "server" }, `250 ${form}`);
    const inner = Buffer.from("hunter2-hunter2").toString("base64").slice(4, -4);
    for (const line of lines()) expect([line, line.includes("hunter2") || line.includes(inner)]).toEqual([line, false]);
    expect(masked("so hunter2-hunter2 it is")).toBe("so ******** it is");
    for (let n = 0; n < 1000; n++) logger.debug?.({ tnx: "client" }, "x".repeat(1000));
    expect(lines().length).toBe(200);
    expect(Math.max(...lines().map(({ length }) => length))).toBeLessThanOrEqual(502);
  });
});
