import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { MAIL_USER, type MailServer, startMailServer } from "../../../test/support/smtp.ts";
import { openStage, type Stage } from "../../../test/security/ticket-stage.ts";
import { approveTicket, cancelTicket, readSettings, rejectTicket, updateSettings } from "../schema.ts";

let stage: Stage;
let { door, ask } = {} as Stage;
let { ann, bob, cleo } = {} as Stage["people"];
let server: MailServer;
let stop: () => Promise<void>;

beforeAll(async () => {
  stage = await openStage();
  ({ door, ask } = stage);
  ({ ann, bob, cleo } = stage.people);
  server = await startMailServer();
  const root = await door.person("root", { roles: ["system-administrator"] });
  const { version } = await door.call(root, readSettings, { key: "mail" });
  const values = {
    host: "localhost",
    port: server.port,
    user: MAIL_USER.user,
    password: MAIL_USER.password,
    fromAddress: "gate@example.org",
    caCertificate: server.certificate,
  };
  await door.call(root, updateSettings, { key: "mail", version, values });
  await sql`update users set email = login_name || '@example.org' where id in (${ann.id}, ${bob.id}, ${cleo.id})`.execute(
    door.db,
  );
  await sql`update users set preferences = '{"language":"zh"}' where id = ${cleo.id}`.execute(door.db);
  const work = { kinds: [], schedules: [], templates: [], receiverOf: door.receiverOf };
  ({ stop } = await door.platform.work(work));
});
afterEach(async () => {
  server.received.length = 0;
  await stage.clear();
});
afterAll(async () => {
  await stop();
  await server.stop();
  await door.close();
});

const arrived = async (count: number): Promise<readonly { to: string; subject: string; text: string }[]> => {
  await expect.poll(() => server.received.length, { timeout: 8000, interval: 20 }).toBe(count);
  const mails = server.received.map(({ to, subject = "", text = "" }) => ({
    to: [to]
      .flat()
      .map((one) => one?.text)
      .join(),
    subject,
    text,
  }));
  return mails.toSorted((a, b) => (a.to < b.to ? -1 : 1));
};

test("reviewers are mailed who asks, why and until when, in their own language, with the way to the request", async () => {
  const { id } = await ask({ title: "web1", reason: "An <b>outage</b>" });
  const mails = await arrived(2);
  const text = mails[0]?.text ?? "";
  expect(mails.map(({ subject }) => subject)).toEqual(["To decide: web1", "待您审批：web1"]);
  expect(text).toContain("ann asks: web1");
  expect(text).toContain("Reason: An <b>outage</b>");
  expect(text).toMatch(/Decide before 20\d\d-\d\d-\d\d \d\d:\d\d UTC/);
  expect(text).toContain(`https://gate.example/requests/${id}`);
});

test("the asker is mailed how it ended, by whom, and that it is less; nobody is mailed an own taking back", async () => {
  const less = await ask();
  await door.call(bob, approveTicket, { id: less.id, body: { hosts: ["web1"] }, comment: "One is enough" });
  const no = await ask({ title: "db1" });
  await door.call(bob, rejectTicket, { id: no.id });
  const back = await ask();
  await door.call(ann, cancelTicket, { id: back.id });
  const mine = (await arrived(8)).filter(({ to }) => to.includes("ann@example.org"));
  expect(mine.map(({ subject }) => subject).toSorted()).toEqual(["Request approved: web1", "Request rejected: db1"]);
  const text = mine.map((one) => one.text).join("\n");
  expect(text).toContain('Your request "web1" was approved by bob.');
  expect(text).toContain("Less was given than you asked for.");
  expect(text).toContain("Comment: One is enough");
});
