import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { freePort } from "../support/program.ts";
import { direct, ssh } from "./clients.ts";
import { type Person, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
let haproxy: ChildProcess;
let port: number;
const SIGNATURE = "0d0a0d0a000d0a515549540a";

/** haproxy sends the header; the client comes to it from 127.0.0.9, which no other test uses. */
beforeAll(async () => {
  stage = await setStage({ args: ["--ssh-proxy-protocol", "127.0.0.3/32"] });
  target = await stage.target();
  person = await stage.person();
  await stage.allow(person, target);
  port = await freePort();
  const file = join(stage.folder, "haproxy.cfg");
  writeFileSync(
    file,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend ssh
  bind 127.0.0.1:${port}
  default_backend gate
backend gate
  server gate 127.0.0.1:${stage.program.sshPort} send-proxy-v2 source 127.0.0.3
`,
  );
  haproxy = spawn("/usr/sbin/haproxy", ["-db", "-f", file], { stdio: "ignore" });
  for (let turn = 0; turn < 100 && !(await answers(port)); turn++) await pause(100);
}, 60_000);
afterAll(async () => {
  haproxy?.kill("SIGKILL");
  await stage?.close();
}, 30_000);

const answers = (at: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(at, "127.0.0.1", () => (socket.destroy(), resolve(true))).on("error", () => resolve(false));
  });

/** Sends bytes from an address of this machine; what came back until the end, or until the gate said `until`. */
function send(
  bytes: Buffer,
  from = "127.0.0.3",
  waitMs = 3_000,
  until = "SSH-2.0",
  then?: { readonly afterMs: number; readonly bytes: Buffer },
): Promise<{ text: string; ended: boolean }> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port: stage.program.sshPort, host: "127.0.0.1", localAddress: from });
    const done = (ended: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, ended });
    };
    const timer = setTimeout(() => done(false), waitMs);
    socket.on("error", () => {}).on("close", () => done(true));
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (text.includes(until)) done(false);
    });
    socket.write(bytes);
    if (then) setTimeout(() => socket.write(then.bytes), then.afterMs);
  });
}

const header = (address: string): Buffer =>
  Buffer.from(
    `${SIGNATURE}2111000c${Buffer.from(address.split(".").map(Number)).toString("hex")}7f000001d9030016`,
    "hex",
  );

const lastSignIn = async () => (await stage.admin.call(listAuditEvents, { search: "sign-in", limit: 1 })).items[0];

describe("behind haproxy", () => {
  it("OpenSSH gets in, and the audit has the client's address", async () => {
    const behind = { ...stage, program: { ...stage.program, sshPort: port } };
    const knownAs = `HostKeyAlias=[127.0.0.1]:${stage.program.sshPort}`;
    const options = ["-o", "BindAddress=127.0.0.9", "-o", knownAs];
    const done = await ssh(behind, person, direct(person, target), ["echo in"], { options }).done;
    expect(done).toMatchObject({ code: 0, out: Buffer.from("in\n") });
    expect(await lastSignIn()).toMatchObject({ address: "127.0.0.9" });
  });
});

describe("the header", () => {
  it("is required of a trusted proxy, in version 2, and within five seconds", async () => {
    expect(await send(Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"))).toEqual({ text: "", ended: true });
    expect(await send(Buffer.from("PROXY TCP4 192.0.2.1 127.0.0.1 57842 22\r\n"))).toEqual({ text: "", ended: true });
    expect(await send(Buffer.alloc(0), "127.0.0.3", 8_000)).toEqual({ text: "", ended: true });
  });

  it("may come in pieces, and with the client's first bytes behind it", async () => {
    const whole = Buffer.concat([header("192.0.2.7"), Buffer.from("SSH-2.0-x\r\n")]);
    expect((await send(whole)).text).toContain("SSH-2.0-Sallyport");
  });

  it("takes nothing of what the client sends behind it, however soon", async () => {
    const sent = Array.from({ length: 100 }, (_, index) =>
      send(header(`192.0.2.${index + 1}`), "127.0.0.3", 5_000, "kex", {
        afterMs: index % 20,
        bytes: Buffer.from("SSH-2.0-x\r\n"),
      }),
    );
    for (const { text } of await Promise.all(sent)) expect(text).toContain("kex");
  });

  it("counts from nobody else: it is no SSH, and what it claims is not believed", async () => {
    const { text, ended } = await send(
      Buffer.concat([header("192.0.2.8"), Buffer.from("SSH-2.0-x\r\n")]),
      "127.0.0.8",
      5_000,
      "kex",
    );
    expect(ended).toBe(true);
    expect(text).not.toContain("kex");
  });
});
