import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { readSession } from "../../src/sessions/schema.ts";
import { direct, type Running, ssh } from "./clients.ts";
import { shownIn } from "./replay.ts";
import { startSilentProxy } from "./silent-proxy.ts";
import {
  endOf,
  eventually,
  pause,
  type Person,
  processesOf,
  sessionOf,
  setStage,
  type Stage,
  startTarget,
  stored,
  type Target,
} from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
/** Three keepalives of a second, and the moment to notice. */
const GIVEN_UP_MS = 6000;

beforeAll(async () => {
  stage = await setStage({ args: ["--ssh-keepalive", "1", "--gateways", "2"] });
  target = await stage.target();
  person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
}, 60_000);
afterAll(() => stage?.close(), 30_000);

const through = (port: number, on: Target = target, who: Person = person): Running =>
  ssh({ ...stage, program: { ...stage.program, sshPort: port } }, who, direct(who, on), [], {
    options: ["-tt", "-o", `HostKeyAlias=[127.0.0.1]:${stage.program.sshPort}`],
  });

async function ready(client: Running): Promise<void> {
  client.write("echo ready-$((20+3))\n");
  await client.shows(/^ready-23\r$/m);
}

it("ends the session of a client whose network fell silent", async () => {
  const proxy = await startSilentProxy(stage.program.sshPort);
  const client = through(proxy.port);
  await ready(client);
  const { id } = await sessionOf(stage, person);
  proxy.silence();
  const ended = await endOf(stage, id, GIVEN_UP_MS);
  expect(ended).toMatchObject({ endReason: "client_lost", state: "ended" });
  client.child.kill("SIGKILL");
  await proxy.close();
}, 30_000);

it("ends the session of a client that stopped while the target floods it", async () => {
  const client = through(stage.program.sshPort);
  await ready(client);
  const { id } = await sessionOf(stage, person);
  client.child.kill("SIGSTOP");
  const memory = () =>
    processesOf(stage, "gateway").map((pid) => Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])));
  const before = Math.max(...memory());
  const flood = ssh(stage, person, direct(person, target), ["yes | head -c 200000000 | tail -c 1"]);
  expect((await flood.done).code).toBe(0);
  const ended = await endOf(stage, id, GIVEN_UP_MS);
  expect(ended.endReason).toBe("client_lost");
  expect(Math.max(...memory()) - before).toBeLessThan(150_000);
  client.child.kill("SIGKILL");
}, 30_000);

it("frees a session whose client stops reading in the middle of a flood", async () => {
  const client = through(stage.program.sshPort);
  await ready(client);
  const { id } = await sessionOf(stage, person);
  client.write("yes 0123456789012345678901234567890123456789\n");
  await client.shows(/0123456789\r\n0123/);
  client.child.kill("SIGSTOP");
  expect((await endOf(stage, id, GIVEN_UP_MS + 2000)).endReason).toBe("client_lost");
  client.child.kill("SIGKILL");
}, 30_000);

it("tells the person when the target's process dies", async () => {
  const sshd = await startTarget();
  const on = await stage.target({ sshd });
  await stage.allow(person, on);
  const client = through(stage.program.sshPort, on);
  await ready(client);
  const { id } = await sessionOf(stage, person);
  const [child = ""] = execFileSync("pgrep", ["-P", String(sshd.pid)], { encoding: "utf8" }).split("\n");
  process.kill(Number(child), "SIGKILL");
  const { code } = await client.done;
  expect(code).toBe(255);
  expect(client.out() + client.err()).toMatch(/The target closed the connection/);
  expect(await endOf(stage, id)).toMatchObject({
    endReason: "target_lost",
    endDetail: expect.stringMatching(/closed the connection/),
  });
  await sshd.stop();
}, 30_000);

it("tells the person when the target fell silent", async () => {
  const proxy = await startSilentProxy(stage.sshd.port);
  const on = await stage.target({ port: proxy.port });
  await stage.allow(person, on);
  const client = through(stage.program.sshPort, on);
  await ready(client);
  const { id } = await sessionOf(stage, person);
  proxy.silence();
  const late = setTimeout(() => client.child.kill("SIGKILL"), GIVEN_UP_MS);
  const { code } = await client.done;
  clearTimeout(late);
  expect(code).toBe(255);
  expect(client.out() + client.err()).toMatch(/The target/);
  expect(await endOf(stage, id)).toMatchObject({ endReason: "target_lost" });
  await proxy.close();
}, 30_000);

it("keeps all that a person saw when the gateway is killed, and the other gateway goes on", async () => {
  const clients = await Promise.all(
    [1, 2, 3, 4].map(async (n) => {
      const who = await stage.person({ key: { type: "ed25519" } });
      await stage.allow(who, target);
      const client = through(stage.program.sshPort, target, who);
      await ready(client);
      client.write(`echo number-${n}\nwhile :; do date +%N; done\n`);
      return { client, session: await sessionOf(stage, who), over: false };
    }),
  );
  for (const one of clients) void one.client.done.then(() => (one.over = true));
  await pause(500);
  const [victim] = processesOf(stage, "gateway");
  process.kill(victim!, "SIGKILL");
  await eventually("the end of some clients", () => clients.some(({ over }) => over));
  await pause(200);
  const cut = clients.filter(({ over }) => over);
  const left = clients.filter(({ over }) => !over);
  expect(cut.length).toBeGreaterThan(0);
  expect(left.length).toBeGreaterThan(0);

  for (const { client } of left) {
    const length = client.out().length;
    await eventually("more output", () => client.out().length > length);
  }
  for (const { client, session } of cut) {
    const seen = client.out();
    expect(await endOf(stage, session.id, 20_000)).toMatchObject({ endReason: "gateway_lost" });
    const { recording } = await stored(stage, session.id);
    expect(recording).toMatchObject({ state: "stored", complete: false });
    const shown = (await shownIn(stage, session.id)).toString("utf8");
    expect(seen.length).toBeGreaterThan(1000);
    expect(shown.startsWith(seen)).toBe(true);
  }
  for (const { client, session } of left) {
    expect(await stage.admin.call(readSession, { id: session.id })).toMatchObject({ state: "live" });
    client.child.kill("SIGKILL");
    await endOf(stage, session.id);
  }
  const { items } = await stage.admin.call(listAuditEvents, { action: "session.end", targetId: cut[0]!.session.id });
  expect(items).toHaveLength(1);
}, 60_000);

it("takes sessions again at the gateway that was started anew", async () => {
  await eventually("two gateways", () => processesOf(stage, "gateway").length === 2);
  const done = await Promise.all(
    [1, 2, 3, 4].map(() => ssh(stage, person, direct(person, target), ["echo back"]).done),
  );
  expect(done.map(({ out }) => out.toString())).toEqual(Array(4).fill("back\n"));
});
