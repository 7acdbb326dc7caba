import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deleteGrant } from "../../src/assets/schema.ts";
import { loadManifest, loadPublicKey, openPlayback, stores, unwrapDataKey } from "../../src/audit/index.ts";
import { createSealer } from "../../src/db/index.ts";
import { listSessions, openRecording, readSession, terminateSession } from "../../src/sessions/schema.ts";
import { direct, type Running, ssh } from "./clients.ts";
import { type HungTarget, startHungTarget } from "./hung-target.ts";
import { openSocket } from "./web-socket.ts";
import {
  endOf,
  eventually,
  pause,
  type Person,
  processesOf,
  sessionOf,
  setStage,
  type Stage,
  stored,
  type Target,
} from "./stage.ts";

let stage: Stage;
let target: Target;
/** Gateways look for orders every two seconds. */
const FOUND_MS = 4000;
const SOON_MS = 1500;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target({ name: "hard-box" });
}, 60_000);
afterAll(() => stage?.close(), 30_000);

async function guest(on: Target = target): Promise<{ person: Person; rule: { id: string } }> {
  const person = await stage.person({ key: { type: "ed25519" } });
  return { person, rule: await stage.allow(person, on) };
}

async function shell(): Promise<{ person: Person; client: Running; id: string }> {
  const { person } = await guest();
  const client = ssh(stage, person, direct(person, target), [], { options: ["-tt"] });
  client.write("echo ready-$((20+3))\n");
  await client.shows(/^ready-23\r$/m);
  return { person, client, id: (await sessionOf(stage, person)).id };
}

/** A bare SSH connection to the gate, for what no common client does. */
async function bare(person: Person, username: string): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  await new Promise<void>((resolve, reject) => {
    client.once("ready", resolve).once("error", reject);
    const privateKey = readFileSync(person.keyFile);
    client.connect({ host: "127.0.0.1", port: stage.program.sshPort, username, privateKey });
  });
  client.on("error", () => {});
  return client;
}

const shellOf = (client: ssh2.Client, pty: ssh2.PseudoTtyOptions): Promise<ssh2.ClientChannel> =>
  new Promise((resolve, reject) => client.shell(pty, (error, channel) => (error ? reject(error) : resolve(channel))));

describe.each(["channel", "request"] as const)("a target that never answers (%s)", (at) => {
  let hung: HungTarget;
  let on: Target;
  beforeAll(async () => {
    hung = await startHungTarget(at);
    on = await stage.target({ port: hung.port });
  });
  afterAll(() => hung?.close());

  async function hangs(command: string[]) {
    const before = hung.hung();
    const { person, rule } = await guest(on);
    const client = ssh(stage, person, direct(person, on), command, { options: command.length > 0 ? [] : ["-tt"] });
    await eventually("the question", () => hung.hung() > before);
    const { items } = await stage.admin.call(listSessions, { userId: person.id, limit: 1 });
    return { id: items[0]!.id, client, rule };
  }

  async function endsBy(id: string, cut: () => unknown) {
    await cut();
    const { endReason } = await endOf(stage, id, SOON_MS);
    await eventually("the end of the connection", () => hung.connections() === 0, SOON_MS);
    return endReason;
  }

  it("is left when an administrator terminates the session", async () => {
    const { id, client } = await hangs([]);
    expect(await endsBy(id, () => stage.admin.call(terminateSession, { id }))).toBe("terminated");
    expect((await client.done).code).toBe(254);
    expect(client.out() + client.err()).toMatch(/Ada Admin ended this session/);
  });

  it("is left when the rule goes", async () => {
    const { id, client, rule } = await hangs(["true"]);
    expect(await endsBy(id, () => stage.admin.call(deleteGrant, { id: rule.id }))).toBe("revoked");
    expect((await client.done).code).toBe(254);
  });

  it("is left when the client leaves", async () => {
    const { id, client } = await hangs(["true"]);
    expect(await endsBy(id, () => client.child.kill("SIGKILL"))).toBe("closed");
  });
});

describe("what was decided elsewhere reaches a session without a signal", () => {
  it("an order to end it", async () => {
    const { client, id } = await shell();
    await stage.query("update session set terminate_words = 'Somebody wants it so.' where id = $1", [id]);
    expect(await endOf(stage, id, FOUND_MS)).toMatchObject({
      endReason: "terminated",
      endDetail: "Somebody wants it so.",
    });
    expect((await client.done).code).toBe(255);
    expect(client.out() + client.err()).toContain("Somebody wants it so.");
  });

  it("the end of its row", async () => {
    const { client, id } = await shell();
    await stage.query(
      "update session set state = 'ended', ended_at = now(), end_reason = 'gateway_lost' where id = $1",
      [id],
    );
    const asked = performance.now();
    expect((await client.done).code).toBe(255);
    expect(performance.now() - asked).toBeLessThan(FOUND_MS);
    expect(client.out() + client.err()).toMatch(/given up/);
    expect(await stage.admin.call(readSession, { id })).toMatchObject({ endReason: "gateway_lost" });
  });
});

it("a terminal of 10,000 columns is watched, and resized meanwhile, at what a screen can show", async () => {
  const { person } = await guest();
  const client = await bare(person, direct(person, target));
  const channel = await shellOf(client, { term: "xterm", cols: 10_000, rows: 50 });
  let out = "";
  channel.on("data", (bytes: Buffer) => (out += bytes.toString("utf8")));
  channel.write("stty size\n");
  await eventually("the size", () => out.includes("50 10000"));
  const { id } = await sessionOf(stage, person);
  const watcher = openSocket(stage, stage.admin, `/sessions/${id}/watch`);
  expect(await watcher.notice("size")).toMatchObject({ cols: 1000, rows: 50 });
  channel.setWindow(9000, 9000, 0, 0);
  await eventually("the new size", () => watcher.notices.some((one) => one.type === "size" && one.rows === 1000));
  channel.write("echo still-$((40+2)); exit\n");
  await watcher.shows(/still-42/);
  expect(await watcher.notice("ended")).toMatchObject({ reason: "exited" });
  await stored(stage, id);
  expect(await stage.admin.call(openRecording, { id })).toMatchObject({ cols: 1000, rows: 50 });
  client.end();
});

it("a person who reads nothing is shown no more menu, and costs no memory", async () => {
  const { person } = await guest();
  const memory = () =>
    processesOf(stage, "gateway")
      .map((pid) => Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])))
      .reduce((sum, kilobytes) => sum + kilobytes, 0);
  const client = await bare(person, person.loginName);
  const channel = await shellOf(client, { term: "xterm", cols: 300, rows: 50 });
  channel.pause();
  await pause(300);
  const before = memory();
  for (let written = 0; written < 10; written++) channel.write(Buffer.from("?\r".repeat(500_000)));
  await pause(3000);
  expect(memory() - before).toBeLessThan(60_000);
  expect(channel.writableLength).toBeGreaterThan(0);
  client.destroy();
}, 20_000);

it("a session whose recording never came says so", async () => {
  const { client, id } = await shell();
  await rm(join(stage.program.data, "spool"), { recursive: true, force: true });
  client.child.stdin.end("exit\n");
  await client.done;
  await endOf(stage, id);
  expect((await stage.admin.call(readSession, { id })).recording.state).toBe("recording");
  await stage.query("update session set ended_at = now() - interval '2 minutes' where id = $1", [id]);
  await eventually(
    "the word that there is no recording",
    async () => (await stage.admin.call(readSession, { id })).recording.state === "failed",
    FOUND_MS,
  );
});

describe("what a person sends", () => {
  /** The input in a stored recording. */
  async function inputOf(id: string): Promise<string> {
    await stored(stage, id);
    const store = stores.get("disk").create({ directory: join(stage.program.data, "recordings") });
    const publicKey = await loadPublicKey(join(stage.program.data, "keys", "audit.pub"));
    const current = Buffer.from(process.env.SALLYPORT_MASTER_KEY ?? "", "base64");
    const sealer = createSealer({ masterKeys: { current } });
    const manifest = await loadManifest({ store, id, publicKey });
    const dataKey = await unwrapDataKey(manifest, (key, context) => sealer.open(key, context));
    const given: Buffer[] = [];
    const playback = await openPlayback({ store, manifest, dataKey });
    for await (const { kind, bytes } of playback.read()) if (kind === "i") given.push(bytes);
    return Buffer.concat(given).toString("utf8");
  }

  it("without a terminal is recorded: a script is all there is to see", async () => {
    const { person } = await guest();
    const script = "x=$((40+2))\ntest $x = 42 && exit 7\n";
    const client = ssh(stage, person, direct(person, target), ["bash"]);
    client.child.stdin.end(script);
    expect((await client.done).code).toBe(7);
    expect(await inputOf((await sessionOf(stage, person, "ended")).id)).toBe(script);
  });

  it("in a terminal is not: it comes back as echo, save what is hidden", async () => {
    const { client, id } = await shell();
    client.write("stty -echo; echo hidden; read secret; echo got-${#secret}; exit\n");
    await client.shows(/^hidden\r$/m);
    client.write("swordfish-7731\n");
    await client.shows(/^got-14\r$/m);
    await client.done;
    expect(await inputOf(id)).toBe("");
  });
});
