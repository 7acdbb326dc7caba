import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginConfirm, confirm, confirmDevice, readDevice, refuseDevice } from "../../src/iam/schema.ts";
import { callFrom } from "../support/elsewhere.ts";
import type { Client } from "../support/program.ts";
import { direct, type Running, ssh, start } from "./clients.ts";
import { eventually, type Person, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
let client: Client;
let agent: Running;
let socket: string;
const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const COMMAND = "echo I am $(id -un)";
const IN = { code: 0, out: Buffer.from("I am root\n") };

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
  person = await stage.person();
  await stage.allow(person, target);
  client = await stage.program.signIn(person.loginName, person.password);
  socket = join(stage.folder, "agent.sock");
  agent = start("/usr/bin/ssh-agent", ["-D", "-a", socket]);
  await eventually("the agent's socket", () => existsSync(socket));
}, 60_000);
afterAll(async () => {
  agent?.child.kill();
  await stage?.close();
}, 30_000);

const login = (args: readonly string[] = [], env: Record<string, string> = { SSH_AUTH_SOCK: socket }) =>
  start(process.execPath, [MAIN, "login", "--gate", stage.program.url, "--no-browser", ...args], env);

/** The code that the command shows. */
async function codeOf(running: Running): Promise<string> {
  await running.shows(/\/device\n/, "any", 20_000);
  const [, code = ""] = /type the code ([A-Z]{4}-[A-Z]{4}) there/.exec(running.err()) ?? [];
  return code;
}

const agentHolds = (): string =>
  execFileSync("sh", ["-c", "ssh-add -l || true"], {
    encoding: "utf8",
    env: { ...process.env, SSH_AUTH_SOCK: socket },
  });

describe("sallyport login", () => {
  it("puts a certificate into the ssh-agent, for as long as it is valid, with which OpenSSH gets in", async () => {
    const running = login();
    const code = await codeOf(running);
    expect(running.err()).toContain(`\n\n  ${stage.program.url}/device\n`);
    const told = { code, hours: 8, organization: expect.any(String), elsewhere: false };
    expect(await client.call(readDevice, { code })).toMatchObject(told);
    await client.call(confirmDevice, { code });
    const { code: exit, out } = await running.done;
    expect([exit, out.toString()]).toEqual([0, expect.stringContaining(`Signed in as ${person.loginName} until `)]);
    expect(agentHolds()).toMatch(new RegExp(`${person.loginName}@127.0.0.1:\\d+ \\(ED25519-CERT\\)`));
    const args = ["-F", "none", `-p${stage.program.sshPort}`, `-l${direct(person, target)}`];
    args.push(`-oUserKnownHostsFile=${stage.knownHosts}`, "-oPreferredAuthentications=publickey", "127.0.0.1", COMMAND);
    expect(await start("/usr/bin/ssh", args, { SSH_AUTH_SOCK: socket }).done).toMatchObject(IN);
    expect(await start("/usr/bin/ssh", args).done).toMatchObject({ code: 255 });
  });

  it("from another network than the person's is confirmed with a fresh password only", async () => {
    execFileSync("ssh-add", ["-qD"], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "pipe" });
    const far = callFrom("127.0.0.2", stage.program.url, client.cookie);
    const running = login();
    const code = await codeOf(running);
    await stage.query("update console_session set password_at = now() - interval '6 minutes' where user_id = $1", [
      person.id,
    ]);
    expect(await far(readDevice, { code })).toMatchObject({ code, address: "127.0.0.1", elsewhere: true });
    await expect(far(confirmDevice, { code })).rejects.toMatchObject({
      code: "unconfirmed",
      details: { level: "password" },
    });
    expect(agentHolds()).not.toContain("ED25519-CERT");
    await far(beginConfirm, { kind: "password" });
    await far(confirm, { kind: "password", answer: person.password });
    await far(confirmDevice, { code });
    expect((await running.done).code).toBe(0);
    expect(agentHolds()).toContain("ED25519-CERT");
  });

  it("gives the agent a lifetime: it forgets the key by itself", async () => {
    execFileSync("ssh-add", ["-qD"], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "pipe" });
    const running = login();
    await client.call(confirmDevice, { code: await codeOf(running) });
    // The command line reads how long the certificate counts; the agent must not keep it longer.
    await stage.query("update device_sign_in set certificate_expires_at = now() + interval '4 seconds'");
    expect((await running.done).code).toBe(0);
    expect(agentHolds()).toContain("ED25519-CERT");
    await expect.poll(agentHolds, { timeout: 10_000 }).not.toContain("ED25519-CERT");
  });

  it("writes files that only their owner reads, and replaces only its own", async () => {
    const file = join(stage.folder, "gate-key");
    for (let round = 0; round < 2; round += 1) {
      const running = login(["--out", file], {});
      await client.call(confirmDevice, { code: await codeOf(running) });
      expect((await running.done).code).toBe(0);
      for (const part of [file, `${file}.pub`, `${file}-cert.pub`]) expect(statSync(part).mode & 0o777).toBe(0o600);
    }
    const options = { options: [`-oCertificateFile=${file}-cert.pub`] };
    const owner = { ...person, keyFile: file };
    expect(await ssh(stage, owner, direct(person, target), [COMMAND], options).done).toMatchObject(IN);
    const precious = join(stage.folder, "precious");
    writeFileSync(precious, "a key of something else");
    const refused = await login(["--out", precious], {}).done;
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("holds something else")]);
    expect(readFileSync(precious, "utf8")).toBe("a key of something else");
  });

  it("asks nobody when there is no agent to take the key", async () => {
    for (const env of [{}, { SSH_AUTH_SOCK: join(stage.folder, "nowhere") }] as Record<string, string>[]) {
      const { code, err } = await login([], env).done;
      expect([code, err]).toEqual([2, expect.stringContaining("--out FILE")]);
      expect(err).not.toContain("type the code");
    }
  });

  it("ends when the person refuses, when the gate is not there, and on Ctrl-C", async () => {
    const refused = login();
    await client.call(refuseDevice, { code: await codeOf(refused) });
    expect(await refused.done).toMatchObject({ code: 2, err: expect.stringContaining("refused in the console") });
    const nowhere = await start(process.execPath, [MAIN, "login", "--gate", "http://127.0.0.1:1"], {
      SSH_AUTH_SOCK: socket,
    }).done;
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining("does not answer")]);
    const stopped = login();
    await codeOf(stopped);
    stopped.child.kill("SIGINT");
    expect((await stopped.done).code).toBe(2);
  });

  it("refuses a gate that it would reach in the clear, and what is no address", async () => {
    for (const gate of ["http://gate.example.org", "gate", "https://ann:secret@gate.example.org"]) {
      const { code, err } = await start(process.execPath, [MAIN, "login", "--gate", gate]).done;
      expect([gate, code, err.length > 0]).toEqual([gate, 2, true]);
    }
  });
});
