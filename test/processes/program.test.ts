import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listMyAssets } from "../../src/assets/schema.ts";
import { ADMIN, type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { runProgram } from "./run-program.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-processes-"));
  await writeFile(join(directory, "askpass"), `#!/bin/sh\necho '${ADMIN.password}'\n`, { mode: 0o700 });
  await chmod(directory, 0o755);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A session through the gate that says ready and then waits for a line. */
function openSession(port: number) {
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "PubkeyAuthentication=no",
  ];
  const args = [
    ...options.flatMap((option) => ["-o", option]),
    "-p",
    String(port),
    "admin@demo-account@demo-host@127.0.0.1",
  ];
  const env = {
    ...process.env,
    DISPLAY: "none",
    SSH_ASKPASS: join(directory, "askpass"),
    SSH_ASKPASS_REQUIRE: "force",
  };
  const child = spawn("ssh", [...args, "echo ready; read line; echo got $line"], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let seen = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (seen += chunk));
  return { child, seen: () => seen, ready: () => expect.poll(() => seen, { timeout: 20_000 }).toContain("ready") };
}

type Session = ReturnType<typeof openSession>;
const hasEnded = ({ child }: Session): boolean => child.exitCode !== null || child.signalCode !== null;

/** The session still carries bytes both ways, to its end. */
async function finishes(session: Session): Promise<void> {
  session.child.stdin.end("word\n");
  await expect.poll(session.seen, { timeout: 10_000 }).toContain("got word");
  await expect.poll(() => hasEnded(session), { timeout: 10_000 }).toBe(true);
}

/** Process numbers of a role among the children of the program. */
async function pidsOf(parent: number, role: string): Promise<number[]> {
  const all = await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(processOf));
  return all
    .filter((found) => found?.parent === parent && found.command.endsWith(` ${role} `))
    .map((found) => found!.pid);
}

async function processOf(name: string) {
  const command = (await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
  const status = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
  const [state, parent] = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return !state || state === "Z" ? null : { pid: Number(name), parent: Number(parent), command };
}

const lives = async (pid: number): Promise<boolean> => (await processOf(String(pid))) !== null;

async function processesNaming(text: string): Promise<string[]> {
  const all = await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(processOf));
  return all.filter((found) => found?.command.includes(text)).map((found) => found!.command);
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    (reply) => reply.ok,
    () => false,
  );

describe("the running program", () => {
  let program: TestProgram;
  let admin: Client;

  beforeAll(async () => {
    program = await startTestProgram({ demo: true, args: ["--gateways", "2"] });
    admin = await program.setUp();
  }, 90_000);
  afterAll(() => program.stop(), 40_000);

  it("tells a person what listens where, and gives one set-up address", () => {
    expect(program.output()).toContain(`Console   ${program.url}`);
    expect(program.output()).toContain(`ssh -p ${program.sshPort}`);
    expect(program.output().match(/setup#/g)).toHaveLength(1);
  });

  it("keeps its state private, and the set-up token and keys out of its logs", async () => {
    for (const path of ["", "keys", "log", "run", "spool"])
      expect((await stat(join(program.data, path))).mode & 0o777).toBe(0o700);
    for (const name of ["master.key", "audit.key", "ssh_host_ed25519_key", "ssh_host_ecdsa_key", "ssh_host_rsa_key"]) {
      expect([name, (await stat(join(program.data, "keys", name))).mode & 0o777]).toEqual([name, 0o600]);
    }
    const logs = await program.logs();
    expect(logs).toContain('"msg":"started"');
    expect(logs).not.toContain(/setup#(\S+)/.exec(program.output())![1]);
    expect(logs).not.toContain((await readFile(join(program.data, "keys/master.key"), "utf8")).trim());
  });

  it("shows no secret in arguments or environment of its processes", async () => {
    const key = (await readFile(join(program.data, "keys/master.key"), "utf8")).trim();
    const password = (await readFile(join(program.data, "database/cluster/password"), "utf8")).trim();
    const pids = [...(await pidsOf(program.process.pid!, "api")), ...(await pidsOf(program.process.pid!, "gateway"))];
    expect(pids).toHaveLength(3);
    for (const pid of pids) {
      const seen = `${await readFile(`/proc/${pid}/cmdline`, "utf8")}${await readFile(`/proc/${pid}/environ`, "utf8")}`;
      expect(seen.includes(key) || seen.includes(password)).toBe(false);
    }
  });

  it("signs in to the database as a role that is nothing by itself, and leaves the owner's to the supervisor", async () => {
    const owner = new pg.Client({
      host: join(program.data, "database/socket"),
      port: 5432,
      database: "sallyport",
      user: "sallyport",
      password: (await readFile(join(program.data, "database/cluster/password"), "utf8")).trim(),
    });
    await owner.connect();
    const { rows } = await owner.query<{ usename: string }>(
      "select distinct usename from pg_stat_activity where application_name = 'sallyport' and datname = 'sallyport'",
    );
    await owner.end();
    expect(rows).toEqual([{ usename: "sallyport_program" }]);
  });

  it("gives gateways no signing key: one starts where there is none", async () => {
    const key = join(program.data, "keys/audit.key");
    await rename(key, `${key}.away`);
    try {
      const [gateway] = await pidsOf(program.process.pid!, "gateway");
      const ready = async () => (await program.logs()).match(/"name":"gateway-\d+".*"msg":"ready"/g)?.length ?? 0;
      const before = await ready();
      process.kill(Number(gateway), "SIGKILL");
      await expect.poll(ready, { timeout: 15_000 }).toBe(before + 1);
      await expect(stat(key)).rejects.toThrow("ENOENT");
    } finally {
      await rename(`${key}.away`, key);
    }
  });

  it("gives the first administrator the demo asset", async () => {
    const { items } = await admin.call(listMyAssets, {});
    expect(items.map(({ name, accounts }) => [name, accounts[0]?.name])).toEqual([["demo-host", "demo-account"]]);
  });

  it("counts refused sign-ins at every door, and shows how late its gateways are", async () => {
    const wrong = { method: "POST", headers: { "content-type": "application/json" } };
    await fetch(`${program.url}/api/sign-in`, { ...wrong, body: '{"loginName":"nobody","password":"wrong"}' });
    const options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=no"];
    const env = { ...process.env, DISPLAY: "none", SSH_ASKPASS: "/bin/echo", SSH_ASKPASS_REQUIRE: "force" };
    const refused = spawn("ssh", [...options, "-p", String(program.sshPort), "nobody@127.0.0.1"], { env });
    expect(await new Promise((resolve) => refused.once("exit", resolve))).toBe(255);
    const metrics = async () => (await fetch(`${program.url}/metrics`)).text();
    await expect.poll(metrics, { timeout: 5_000 }).toMatch(/sign_in_failures_total\{via="ssh"\} [1-9]/);
    expect(await metrics()).toContain('sallyport_sign_in_failures_total{via="console"} 1');
    expect(await metrics()).toMatch(/sallyport_gateway_eventloop_lag_seconds\{gateway="2"\} [\d.e-]+\n/);
  });

  it("refuses a second program on the same data directory", async () => {
    const { code, stderr } = await runProgram([
      "--data",
      program.data,
      "--listen",
      "127.0.0.1:0",
      "--ssh",
      "127.0.0.1:0",
    ]);
    expect(stderr).toBe(
      `Sallyport already runs on ${program.data}. Stop it first, or choose another: --data DIRECTORY\n`,
    );
    expect(code).toBe(1);
  });

  it("loses no session when the api dies, and has it back at the same address", async () => {
    const session = openSession(program.sshPort);
    await session.ready();
    const [api] = await pidsOf(program.process.pid!, "api");
    process.kill(api!, "SIGKILL");
    await expect.poll(() => lives(api!)).toBe(false);
    await expect.poll(() => answers(program.url), { timeout: 20_000, interval: 100 }).toBe(true);
    expect((await admin.fetch("/api/me")).status).toBe(200);
    await finishes(session);
  });

  it("loses only the sessions of a gateway that dies, and starts another", async () => {
    const sessions = [openSession(program.sshPort)];
    await sessions[0]!.ready();
    await new Promise((resolve) => setTimeout(resolve, 600));
    sessions.push(openSession(program.sshPort));
    await sessions[1]!.ready();
    const gateways = await pidsOf(program.process.pid!, "gateway");
    process.kill(gateways[0]!, "SIGKILL");
    await expect.poll(() => sessions.filter(hasEnded).length, { timeout: 10_000 }).toBe(1);
    await finishes(sessions.find((session) => !hasEnded(session))!);
    await expect.poll(async () => (await pidsOf(program.process.pid!, "gateway")).length, { timeout: 20_000 }).toBe(2);
    const next = openSession(program.sshPort);
    await next.ready();
    await finishes(next);
  });

  it("survives its own violent end: sessions go on, the next start finds everything", async () => {
    const session = openSession(program.sshPort);
    await session.ready();
    const [api] = await pidsOf(program.process.pid!, "api");
    const gateways = await pidsOf(program.process.pid!, "gateway");
    const demoPort = await readFile(join(program.data, "demo/port"), "utf8");
    program.process.kill("SIGKILL");
    await expect.poll(() => lives(api!), { timeout: 5_000 }).toBe(false);
    const old = program.data;
    program = await startTestProgram({ data: old, demo: true, args: ["--gateways", "2"] });
    expect(program.output()).toContain("found running");
    expect(program.output()).not.toContain("setup#");
    expect(await readFile(join(old, "demo/port"), "utf8")).toBe(demoPort);
    admin = await program.signIn(ADMIN.loginName, ADMIN.password);
    expect((await admin.call(listMyAssets, {})).items).toHaveLength(1);
    await finishes(session);
    await expect
      .poll(async () => (await Promise.all(gateways.map(lives))).some(Boolean), { timeout: 15_000 })
      .toBe(false);
    const next = openSession(program.sshPort);
    await next.ready();
    await finishes(next);
  }, 90_000);

  it("ends on SIGTERM in order: sessions, processes, demo and database, within 15 seconds", async () => {
    const session = openSession(program.sshPort);
    await session.ready();
    const from = Date.now();
    const gone = new Promise<number | null>((resolve) => program.process.once("exit", resolve));
    program.process.kill("SIGTERM");
    expect(await gone).toBe(0);
    expect(Date.now() - from).toBeLessThan(15_000);
    await expect.poll(() => hasEnded(session)).toBe(true);
    expect(await processesNaming(program.data)).toEqual([]);
  }, 40_000);

  it("ends at once on a second signal; the next start goes on from there", async () => {
    program = await startTestProgram({ data: program.data, demo: true, args: ["--gateways", "1"] });
    const session = openSession(program.sshPort);
    await session.ready();
    const gone = new Promise<number | null>((resolve) => program.process.once("exit", resolve));
    program.process.kill("SIGTERM");
    program.process.kill("SIGINT");
    expect(await gone).toBe(1);
    await expect.poll(() => hasEnded(session)).toBe(true);
    expect((await processesNaming(program.data)).filter((command) => !command.includes("postgres"))).toEqual([]);
    program = await startTestProgram({ data: program.data, args: ["--gateways", "1"] });
    await program.signIn(ADMIN.loginName, ADMIN.password);
    await program.stop();
    expect(await processesNaming(program.data)).toEqual([]);
    await rm(program.data, { recursive: true, force: true });
  }, 60_000);
});
