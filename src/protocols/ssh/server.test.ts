import { randomInt } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runSsh, startGate } from "../../../test/support/ssh-gate.ts";
import { freePort, makeKey, type Sshd, startSshd } from "../../../test/support/sshd.ts";
import {
  type AuthAttempt,
  type AuthVerdict,
  type ClientSession,
  connectSsh,
  createSshServer,
  generateKeyPair,
} from "../index.ts";
import { clientOffer } from "./algorithms.ts";
import { parsePrivateKey } from "./keys.ts";
import { createTransport, KEEPALIVE, type Transport } from "./transport.ts";
import type { Handlers } from "./wire.ts";

const key = makeKey("ed25519");
const rsa = makeKey("rsa", { bits: 2048 });
let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ authorizedKeys: [key.publicLine] });
});
afterAll(() => sshd.stop());

/** A client that sends whatever the test wants. */
async function wildClient(port: number) {
  const answers: string[] = [];
  const waiting: (() => void)[] = [];
  const answer = (name: string) => {
    answers.push(name);
    waiting.shift()?.();
  };
  const handlers: Handlers = {
    SERVICE_ACCEPT: () => answer("service"),
    USERAUTH_SUCCESS: () => answer("success"),
    USERAUTH_FAILURE: (_p, _methods, partial) => answer(partial ? "partial" : "failure"),
    USERAUTH_PK_OK: () => answer("offer accepted"),
    USERAUTH_INFO_REQUEST: () => answer("question"),
    CHANNEL_OPEN_FAILURE: (_p, _id, _reason, words) => answer(`no channel: ${words}`),
    CHANNEL_OPEN_CONFIRMATION: () => answer("channel"),
  };
  const socket = connect(port, "127.0.0.1");
  const ready = Promise.withResolvers<void>();
  const transport: Transport = createTransport({
    socket,
    ident: "wild",
    offer: clientOffer({ legacy: false }),
    handlers,
    keepalive: KEEPALIVE,
    onKeys: () => ready.resolve(),
  });
  await Promise.race([ready.promise, transport.ended]);
  const next = (send: () => void): Promise<string> =>
    new Promise((resolve) => {
      const before = answers.length;
      waiting.push(() => resolve(answers[before] ?? ""));
      void transport.ended.then((end) => resolve(`ended: ${end.words}`));
      if (!transport.over) send();
    });
  await next(() => transport.protocol.service("ssh-userauth"));
  return { socket, transport, next };
}

async function serverWith(authenticate: (attempt: AuthAttempt) => Promise<AuthVerdict>, limits = {}) {
  const signedIn: string[] = [];
  const server = createSshServer({
    hostKeys: [generateKeyPair().privateKey],
    limits,
    onConnection: () => ({
      authenticate,
      signedIn: (name) => void signedIn.push(name),
      session: (session) => session.close(),
    }),
  });
  return { server, signedIn, port: await server.listen(0, "127.0.0.1") };
}

describe("signing in", () => {
  const good = parsePrivateKey(key.privateKey);
  const other = parsePrivateKey(makeKey("ed25519").privateKey);
  const old = parsePrivateKey(rsa.privateKey);
  type Client = Awaited<ReturnType<typeof wildClient>>;
  const steps: Record<string, (client: Client) => void> = {
    none: ({ transport }) => (transport.protocol as unknown as { authNone(user: string): void }).authNone("ann"),
    wrongPassword: ({ transport }) => transport.protocol.authPassword("ann", "wrong"),
    offer: ({ transport }) => transport.protocol.authPK("ann", good, "ssh-ed25519"),
    offerOfStranger: ({ transport }) => transport.protocol.authPK("ann", other, "ssh-ed25519"),
    proof: ({ transport }) =>
      transport.protocol.authPK("ann", good, "ssh-ed25519", (data, send) => send(good.sign(data) as Buffer)),
    forged: ({ transport }) =>
      transport.protocol.authPK("ann", good, "ssh-ed25519", (data, send) => send(other.sign(data) as Buffer)),
    otherData: ({ transport }) =>
      transport.protocol.authPK("ann", good, "ssh-ed25519", (data, send) =>
        send(good.sign(data.subarray(1)) as Buffer),
      ),
    otherType: ({ transport }) =>
      transport.protocol.authPK("ann", good, "rsa-sha2-256", (data, send) => send(good.sign(data) as Buffer)),
    sha1: ({ transport }) =>
      transport.protocol.authPK("ann", old, "ssh-rsa", (data, send) => send(old.sign(data, "sha1") as Buffer)),
    nonsense: ({ transport }) =>
      transport.protocol.authPK("ann", good, "ssh-ed25519", (_data, send) => send(Buffer.alloc(64))),
    session: ({ transport }) => transport.protocol.session(0, 1000, 1000),
  };
  const expected: Record<string, RegExp> = {
    offer: /offer accepted/,
    proof: /success/,
    session: /no channel: sign in first/,
  };

  it("only a proof signs in, whatever came before it", async () => {
    const known = good.getPublicSSH();
    const { server, port, signedIn } = await serverWith(
      async (attempt) =>
        "key" in attempt && (attempt.key.blob.equals(known) || attempt.key.type === "ssh-rsa") ? "accept" : "reject",
      { attempts: 100 },
    );
    const names = Object.keys(steps).filter((name) => name !== "proof");
    for (let round = 0; round < 25; round += 1) {
      const client = await wildClient(port);
      for (let step = 0; step < 6; step += 1) {
        const name = names[randomInt(names.length)] ?? "";
        expect(`${name}: ${await client.next(() => steps[name]?.(client))}`).toMatch(expected[name] ?? /failure/);
        expect(signedIn).toEqual([]);
      }
      expect(await client.next(() => steps.proof?.(client))).toBe("success");
      expect(signedIn.splice(0)).toEqual(["ann"]);
      client.transport.destroy({ kind: "ended", words: "" });
    }
    await server.close();
  });

  it("needs both factors where the caller says so", async () => {
    let first = false;
    const { server, port, signedIn } = await serverWith(async ({ method }) => {
      if (method === "publickey-proof") first = true;
      if (method === "publickey-proof") return { continue: ["password"] };
      return first && method === "password" ? "accept" : method === "publickey-offer" ? "accept" : "reject";
    });
    const client = await wildClient(port);
    expect(await client.next(() => steps.wrongPassword?.(client))).toBe("failure");
    expect(await client.next(() => steps.proof?.(client))).toBe("partial");
    expect(signedIn).toEqual([]);
    expect(await client.next(() => client.transport.protocol.authPassword("ann", "x"))).toBe("success");
    client.transport.destroy({ kind: "ended", words: "" });
    await server.close();
  });

  it("ends when the name changes, when attempts run out, when it takes too long", async () => {
    const { server, port } = await serverWith(async () => "reject", { attempts: 3, signInMs: 400 });
    const changing = await wildClient(port);
    await changing.next(() => changing.transport.protocol.authPassword("ann", "x"));
    expect(await changing.next(() => changing.transport.protocol.authPassword("bob", "x"))).toBe(
      "ended: The user name must not change during the sign-in.",
    );
    const guessing = await wildClient(port);
    const outcomes: string[] = [];
    for (let i = 0; i < 3; i += 1)
      outcomes.push(await guessing.next(() => guessing.transport.protocol.authPassword("ann", `${i}`)));
    expect(outcomes).toEqual(["failure", "failure", "ended: Too many attempts to sign in."]);
    const slow = await wildClient(port);
    expect((await slow.transport.ended).words).toBe("The sign-in took too long.");
    const mute = connect(port, "127.0.0.1").on("error", () => {});
    await new Promise((resolve) => mute.resume().once("close", resolve));
    await server.close();
  });

  it("ends when the caller fails, and says nothing of why", async () => {
    const { server, port } = await serverWith(() => Promise.reject(new Error("db password is hunter2")));
    const client = await wildClient(port);
    expect(await client.next(() => steps.wrongPassword?.(client))).toBe(
      "ended: The sign-in cannot be checked just now. Try again later.",
    );
    await server.close();
  });

  it("asks OpenSSH's user questions", async () => {
    const gate = await startGate({
      target: sshd,
      privateKey: key.privateKey,
      authenticate: async (attempt) => {
        if (attempt.method === "publickey-offer") return "accept";
        if (attempt.method === "publickey-proof") return { continue: ["keyboard-interactive"] };
        return "reject";
      },
    });
    const { stderr, code } = await runSsh({ port: gate.port, privateKey: key.privateKey, args: ["true"] });
    expect([code, stderr]).toEqual([255, "somebody@127.0.0.1: Permission denied (keyboard-interactive).\r\n"]);
    await gate.server.close();
  });
});

describe("what is not served", () => {
  it.each([
    ["port forwarding to the client", ["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22"], 255],
    ["agent and X11 forwarding", ["-A", "-X"], 0],
  ])("%s", async (_name, options, code) => {
    const gate = await startGate({ target: sshd, privateKey: key.privateKey });
    expect(
      (await runSsh({ port: gate.port, privateKey: key.privateKey, args: ["echo ${SSH_AUTH_SOCK}"], options })).code,
    ).toBe(code);
    await gate.server.close();
  });

  it("port forwarding to the target", async () => {
    const gate = await startGate({ target: sshd, privateKey: key.privateKey });
    const { code, stderr } = await runSsh({
      port: gate.port,
      privateKey: key.privateKey,
      args: [],
      options: ["-W", "127.0.0.1:22"],
    });
    expect([code, stderr]).toEqual([255, expect.stringContaining("stdio forwarding failed")]);
    await gate.server.close();
  });

  it("more connections and sessions than allowed", async () => {
    const { server, port } = await serverWith(async () => "accept", { signingIn: 2, channels: 2 });
    const clients = [await wildClient(port), await wildClient(port)];
    const third = connect(port, "127.0.0.1")
      .on("error", () => {})
      .resume();
    await new Promise((resolve) => third.once("close", resolve));
    const [client] = clients;
    if (!client) throw new Error("no client");
    await client.next(() => client.transport.protocol.authPassword("ann", "x"));
    const opened: string[] = [];
    for (let id = 0; id < 3; id += 1)
      opened.push(await client.next(() => client.transport.protocol.session(id, 1024, 1024)));
    expect(opened).toEqual(["channel", "channel", "no channel: at most 2 sessions in one connection"]);
    for (const { transport } of clients) transport.destroy({ kind: "ended", words: "" });
    await server.close();
  });
});

it("refuses a channel whose packets would hold less than 1,024 bytes", async () => {
  const { server, port } = await serverWith(async () => "accept");
  const client = await wildClient(port);
  await client.next(() => client.transport.protocol.authPassword("ann", "x"));
  const open = (packetSize: number) =>
    client.next(() => client.transport.protocol.session(packetSize, 100_000, packetSize));
  expect(await open(1)).toBe("no channel: packets of less than 1024 bytes are not served");
  expect(await open(1023)).toContain("no channel");
  expect(await open(1024)).toBe("channel");
  client.transport.destroy({ kind: "ended", words: "" });
  await server.close();
});

it("stops reading from a client that asks and does not fetch the answers", async () => {
  const { server, port } = await serverWith(async () => "accept");
  const client = await wildClient(port);
  await client.next(() => client.transport.protocol.authPassword("ann", "x"));
  client.socket.pause();
  for (let round = 0; round < 30; round += 1) {
    for (let i = 0; i < 20_000; i += 1) client.transport.protocol.ping();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(client.socket.writableLength).toBeGreaterThan(1_000_000);
  client.transport.destroy({ kind: "ended", words: "" });
  await server.close();
});

describe("toward the client", () => {
  it("passes terminal, modes, environment and command on as they were asked for", async () => {
    const asked: unknown[] = [];
    const gate = await startGate({
      target: sshd,
      privateKey: key.privateKey,
      session(session) {
        asked.push({ kind: session.kind, command: session.command, env: session.env, pty: session.pty });
        void session.send(Buffer.from("to you\n"));
        session.exit({ code: 42 });
      },
    });
    const { code, stdout } = await runSsh({
      port: gate.port,
      privateKey: key.privateKey,
      args: ["a 'b c'"],
      options: ["-tt", "-o", "SetEnv=LANG=de_DE LD_PRELOAD=x"],
    });
    expect([code, stdout.toString()]).toEqual([42, "to you\n"]);
    expect(asked).toEqual([
      {
        kind: "exec",
        command: "a 'b c'",
        env: { LANG: "de_DE" },
        pty: expect.objectContaining({ term: expect.any(String), cols: expect.any(Number) }),
      },
    ]);
    await gate.server.close();
  });

  it("reads every terminal mode, also with large values", async () => {
    const modes = { VERASE: 8, ECHO: 0, TTY_OP_ISPEED: 4_000_000_000, ICRNL: 1 };
    const asked = Promise.withResolvers<ClientSession>();
    const gate = await startGate({ target: sshd, privateKey: key.privateKey, session: asked.resolve });
    const client = await connectSsh({
      host: "127.0.0.1",
      port: gate.port,
      username: "ann",
      credential: { kind: "key", privateKey: key.privateKey },
      hostKey: { verify: async () => true },
    });
    await client.openShell({ pty: { term: "vt220", cols: 100, rows: 30, modes } });
    expect((await asked.promise).pty).toMatchObject({ term: "vt220", cols: 100, rows: 30, modes });
    client.close();
    await gate.server.close();
  });

  it("ends connections with words", async () => {
    const gate = await startGate({ target: sshd, privateKey: key.privateKey });
    const running = runSsh({
      port: gate.port,
      privateKey: key.privateKey,
      args: ["sleep 20"],
      options: ["-o", "LogLevel=INFO"],
    });
    await expect.poll(() => gate.targets.length, { timeout: 5000 }).toBe(1);
    await gate.server.close("Closed for repairs.");
    const { code, stderr } = await running;
    expect([code, stderr]).toEqual([255, expect.stringContaining("Closed for repairs.")]);
  });

  it("says when a port is taken", async () => {
    const port = await freePort();
    const one = createSshServer({
      hostKeys: [generateKeyPair().privateKey],
      onConnection: () => ({ authenticate: async () => "reject", session() {} }),
    });
    const two = createSshServer({
      hostKeys: [generateKeyPair().privateKey],
      onConnection: () => ({ authenticate: async () => "reject", session() {} }),
    });
    await one.listen(port, "127.0.0.1");
    await expect(two.listen(port, "127.0.0.1")).rejects.toMatchObject({ code: "EADDRINUSE" });
    await one.close();
  });
});
