import { createHash, randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runSsh, startGate } from "../../../test/support/ssh-gate.ts";
import { makeKey, type Sshd, startSshd } from "../../../test/support/sshd.ts";
import { connectSsh, generateKeyPair, relay, type Stream, type TargetSession } from "../index.ts";

const key = makeKey("ed25519");
let sshd: Sshd;
let gate: Awaited<ReturnType<typeof startGate>>;
let seen: { out: ReturnType<typeof createHash>; in: ReturnType<typeof createHash> };
const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");

beforeAll(async () => {
  sshd = await startSshd({ authorizedKeys: [key.publicLine], config: ["RekeyLimit 20M"] });
  gate = await startGate({
    target: sshd,
    privateKey: key.privateKey,
    tap: {
      output: (_stream, bytes) => void seen.out.update(bytes),
      input: (bytes) => void seen.in.update(bytes),
    },
    server: { rekeyBytes: 10_000_000, keepalive: { intervalMs: 100, count: 100 } },
  });
});
beforeEach(() => {
  seen = { out: createHash("md5"), in: createHash("md5") };
});
afterAll(async () => {
  await gate.server.close();
  await sshd.stop();
});

const ssh = (args: string[], more: { input?: Buffer; options?: string[] } = {}) =>
  runSsh({ port: gate.port, privateKey: key.privateKey, args, ...more });
const target = () =>
  connectSsh({
    host: sshd.host,
    port: sshd.port,
    username: sshd.username,
    credential: { kind: "key", privateKey: key.privateKey },
    hostKey: { verify: async () => true },
  });

describe("between OpenSSH's client and server", () => {
  it.each([0, 1, 7, 255])("passes exit code %i on", async (code) => {
    expect((await ssh([`exit ${code}`])).code).toBe(code);
  });

  it("keeps standard error apart and in order", async () => {
    const { stdout, stderr, code } = await ssh(["for i in 1 2 3; do echo out$i; echo err$i >&2; done; exit 3"]);
    expect({ stdout: stdout.toString(), stderr, code }).toEqual({
      stdout: "out1\nout2\nout3\n",
      stderr: "err1\nerr2\nerr3\n",
      code: 3,
    });
  });

  it("passes on that a signal ended the command", async () => {
    expect((await ssh(["kill -TERM $$"])).code).toBe(255);
    expect(gate.ends.at(-1)).toEqual({ by: "target", exit: { signal: "TERM" } });
  });

  it("ends the input when the client does, and still brings the output", async () => {
    const { stdout, code } = await ssh(["cat; sleep 0.2; echo after"], { input: Buffer.from("hi\n") });
    expect({ stdout: stdout.toString(), code }).toEqual({ stdout: "hi\nafter\n", code: 0 });
  });

  it("loses no byte of short outputs at the close", async () => {
    for (let i = 0; i < 15; i += 1)
      expect((await ssh(["head -c 70000 /dev/zero; echo end"])).stdout.length).toBe(70_004);
  });

  it("passes environment and terminal size on, only what is allowed", async () => {
    const { stdout } = await ssh(["stty size; echo $LC_TEST/$EVIL/$TERM"], {
      options: ["-tt", "-o", "SetEnv=LC_TEST=yes EVIL=no"],
    });
    expect(stdout.toString()).toContain("yes//");
  });

  it.each(["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"])(
    "carries 100 MB both ways with %s",
    async (cipher) => {
      const bytes = randomBytes(100 * 1024 * 1024);
      const { stdout, code } = await ssh(["cat"], { input: bytes, options: ["-c", cipher] });
      expect({ code, length: stdout.length, md5: md5(stdout) }).toEqual({
        code: 0,
        length: bytes.length,
        md5: md5(bytes),
      });
      expect([seen.out.digest("hex"), seen.in.digest("hex")]).toEqual([md5(bytes), md5(bytes)]);
    },
    60_000,
  );

  it("survives new keys, asked for by all three sides, in the middle of a transfer", async () => {
    const bytes = randomBytes(40 * 1024 * 1024);
    const { stdout, code } = await ssh(["cat"], { input: bytes, options: ["-o", "RekeyLimit=3M"] });
    expect({ code, md5: md5(stdout) }).toEqual({ code: 0, md5: md5(bytes) });
  }, 60_000);

  it("mixes much output and much standard error without loss", async () => {
    const { stdout, stderr } = await ssh([
      "head -c 20000000 /dev/zero | tr '\\0' a & head -c 20000000 /dev/zero | tr '\\0' b >&2; wait",
    ]);
    expect([stdout.length, stderr.length]).toEqual([20_000_000, 20_000_000]);
  }, 60_000);

  it("tells the client when the target is not there", async () => {
    const lost = await startGate({ target: { ...sshd, port: 1 }, privateKey: key.privateKey });
    const { code, stderr } = await runSsh({ port: lost.port, privateKey: key.privateKey, args: ["true"] });
    expect({ code, stderr }).toEqual({
      code: 254,
      stderr: "127.0.0.1:1 refused the connection. Is the service running, and is the port right?\n",
    });
    await lost.server.close();
  });
});

/** A client that is driven by the test. */
function fakeClient() {
  const sent: { bytes: Buffer; stream: Stream }[] = [];
  let listener: Parameters<TargetSession["listen"]>[0] & { resized?(size: object): void; signal?(name: string): void };
  const gateOpen = { promise: undefined as Promise<void> | undefined };
  return {
    sent,
    gateOpen,
    text: () => Buffer.concat(sent.map(({ bytes }) => bytes)).toString(),
    listener: () => listener as NonNullable<typeof listener>,
    client: {
      send(bytes: Buffer, stream: Stream = 0) {
        sent.push({ bytes: Buffer.from(bytes), stream });
        return gateOpen.promise;
      },
      eof() {},
      listen(given: typeof listener) {
        listener = given;
      },
    },
  };
}
const until = async (ready: () => boolean) => {
  for (let i = 0; i < 400 && !ready(); i += 1) await new Promise((resolve) => setTimeout(resolve, 25));
  expect(ready()).toBe(true);
};

describe("the pipe itself", () => {
  it("holds the target back while the client does not read", async () => {
    const connection = await target();
    const session = await connection.openExec({ command: "head -c 50000000 /dev/zero; echo done >&2" });
    const { client, sent, gateOpen } = fakeClient();
    const open = Promise.withResolvers<void>();
    gateOpen.promise = open.promise;
    let tapped = 0;
    const over = relay({
      client,
      target: session,
      tap: { output: (_s, bytes) => void (tapped += bytes.length), input() {} },
    });
    await until(() => sent.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // What one turn of the event loop brought goes together, 256 KiB at most; nothing follows it.
    const first = sent.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sent.length).toBe(first);
    expect(tapped).toBeLessThan(256 * 1024 + 64 * 1024);
    gateOpen.promise = undefined;
    open.resolve();
    expect(await over).toEqual({ by: "target", exit: { code: 0 } });
    expect(tapped).toBe(50_000_005);
    connection.close();
  });

  it("forwards nothing before a slow tap has it, and cuts when the tap fails", async () => {
    const connection = await target();
    const session = await connection.openExec({ command: "echo one; sleep 0.3; echo two; sleep 20" });
    const { client, text } = fakeClient();
    const release = Promise.withResolvers<void>();
    let calls = 0;
    const over = relay({
      client,
      target: session,
      tap: {
        output() {
          calls += 1;
          if (calls === 1) return release.promise;
          throw new Error("disk full");
        },
        input() {},
      },
    });
    await until(() => calls === 1);
    expect(text()).toBe("");
    release.resolve();
    const end = await over;
    expect({ by: end.by, text: text(), reason: String(end.reason) }).toEqual({
      by: "tap",
      text: "one\n",
      reason: "Error: disk full",
    });
    connection.close();
  });

  it("passes window size, signals and the client's end on", async () => {
    const connection = await target();
    const session = await connection.openShell({ pty: { term: "xterm", cols: 80, rows: 24 }, env: {} });
    const { client, text, listener } = fakeClient();
    const sizes: number[][] = [];
    const over = relay({
      client,
      target: session,
      tap: { output() {}, input() {}, resize: (cols, rows) => void sizes.push([cols, rows]) },
    });
    listener().resized?.({ cols: 132, rows: 43, width: 0, height: 0 });
    void listener().data(Buffer.from("stty size\n"), 0);
    await until(() => text().includes("43 132"));
    expect(sizes).toEqual([[132, 43]]);
    listener().closed?.();
    expect((await over).by).toBe("client");
    connection.close();
  });

  it("stops within a second when told to", async () => {
    const connection = await target();
    const session = await connection.openExec({ command: "yes" });
    const stop = new AbortController();
    const { client } = fakeClient();
    const over = relay({ client, target: session, tap: { output() {}, input() {} }, signal: stop.signal });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const started = Date.now();
    stop.abort("revoked");
    expect(await over).toEqual({ by: "stopped", exit: null, reason: "revoked" });
    expect(Date.now() - started).toBeLessThan(1000);
    connection.close();
  });
});

describe("a client that is gone without a word", () => {
  it("is noticed by the keepalives, and its session on the target ends", async () => {
    const quick = await startGate({
      target: sshd,
      privateKey: key.privateKey,
      server: { keepalive: { intervalMs: 100, count: 3 } },
    });
    const proxy = await freezingProxy(quick.port);
    const client = await connectSsh({
      host: "127.0.0.1",
      port: proxy.port,
      username: "somebody",
      credential: { kind: "key", privateKey: generateKeyPair().privateKey },
      hostKey: { verify: async () => true },
    });
    await client.openExec({ command: "sleep 100" });
    await until(() => quick.targets.length === 1);
    proxy.freeze();
    await until(() => quick.ends.length === 1);
    expect(quick.ends[0]).toMatchObject({ by: "client" });
    expect(quick.server.connections).toBe(0);
    proxy.close();
    await quick.server.close();
  });
});

/** Passes bytes on until it is frozen; then it keeps both connections open and silent. */
async function freezingProxy(to: number) {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (bytes) => frozen || far.write(bytes)).on("error", () => {});
    far.on("data", (bytes) => frozen || near.write(bytes)).on("error", () => {});
  });
  let frozen = false;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => void (frozen = true),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
