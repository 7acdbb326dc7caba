import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeKey, type Sshd, startSshd, temporaryUser } from "../../../test/support/sshd.ts";
import { Fault } from "../../core/index.ts";
import { type ConnectSsh, connectSsh, createSshServer, generateKeyPair, protocols } from "../index.ts";

const key = makeKey("ed25519");
const rsa = makeKey("rsa", { bits: 2048 });
const ecdsa = makeKey("ecdsa");
let user: ReturnType<typeof temporaryUser>;
let sshd: Sshd;
beforeAll(async () => {
  user = temporaryUser();
  sshd = await startSshd({ authorizedKeys: [key, rsa, ecdsa].map(({ publicLine }) => publicLine) });
});
afterAll(async () => {
  await sshd.stop();
  user.remove();
});

const trust = { verify: async () => true };
const reach = (more: Partial<ConnectSsh> = {}): ConnectSsh => ({
  host: sshd.host,
  port: sshd.port,
  username: "root",
  credential: { kind: "key", privateKey: key.privateKey },
  hostKey: trust,
  ...more,
});
async function faultOf(options: ConnectSsh): Promise<{ code: string; message: string }> {
  try {
    (await connectSsh(options)).close();
  } catch (error) {
    if (error instanceof Fault) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("it connected");
}
async function run(options: ConnectSsh, command = "id -un"): Promise<string> {
  const target = await connectSsh(options);
  const session = await target.openExec({ command });
  let text = "";
  session.listen({ data: (bytes) => void (text += bytes) });
  await session.closed;
  target.close();
  return text.trim();
}
async function withSshd<T>(
  config: string[],
  work: (other: Sshd) => Promise<T>,
  more: Parameters<typeof startSshd>[0] = {},
): Promise<T> {
  const other = await startSshd({ config, authorizedKeys: [key.publicLine, rsa.publicLine], ...more });
  try {
    return await work(other);
  } finally {
    await other.stop();
  }
}

describe("signing in", () => {
  it.each([
    ["ed25519", key],
    ["rsa", rsa],
    ["ecdsa", ecdsa],
  ])("with an %s key", async (_type, { privateKey }) => {
    expect(await run(reach({ credential: { kind: "key", privateKey } }))).toBe("root");
  });

  it("with an RSA key signs with SHA-512, and also where the target does not say what it takes", async () => {
    await run(reach({ credential: { kind: "key", privateKey: rsa.privateKey } }));
    await withSshd(["PubkeyAcceptedAlgorithms rsa-sha2-256"], async ({ port, log }) => {
      await run(reach({ port, credential: { kind: "key", privateKey: rsa.privateKey } }));
      expect(log()).toContain("Accepted publickey");
    });
  });

  it("with a password, and with a promise of one", async () => {
    const credential = { kind: "password", password: user.password } as const;
    expect(await run(reach({ username: user.name, credential }))).toBe(user.name);
    expect(await run(reach({ username: user.name, credential: Promise.resolve(credential) }))).toBe(user.name);
  });

  it("answers keyboard-interactive with the password where the target offers just that", async () => {
    await withSshd(
      ["UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"],
      async ({ port }) => {
        const credential = { kind: "password", password: user.password } as const;
        expect(await run(reach({ port, username: user.name, credential }))).toBe(user.name);
        const wrong = await faultOf(
          reach({ port, username: user.name, credential: { kind: "password", password: "wrong" } }),
        );
        expect(wrong.message).toMatch(/refused the password of account|more than the password/);
      },
    );
  });

  it("gives the password to the first single hidden question only", async () => {
    const answers: unknown[] = [];
    const server = createSshServer({
      hostKeys: [generateKeyPair().privateKey],
      methods: ["keyboard-interactive"],
      onConnection: () => ({
        async authenticate(attempt) {
          if (attempt.method !== "keyboard-interactive") return "reject";
          answers.push(await attempt.prompt({ prompts: [{ prompt: "Password: ", echo: false }] }));
          answers.push(await attempt.prompt({ prompts: [{ prompt: "Password again: ", echo: false }] }));
          return "accept";
        },
        session: (session) => session.close(),
      }),
    });
    const port = await server.listen(0, "127.0.0.1");
    const fault = await faultOf(reach({ port, credential: { kind: "password", password: "once" } }));
    expect(fault.message).toBe(
      `127.0.0.1:${port} asks account root for more than the password, which the gate cannot answer.`,
    );
    await server.close();
    await expect.poll(() => answers).toEqual([["once"], null]);
  });

  it("refuses in words", async () => {
    const where = `127.0.0.1:${sshd.port}`;
    expect(await faultOf(reach({ username: user.name, credential: { kind: "password", password: "wrong" } }))).toEqual({
      code: "upstream",
      message: `${where} refused the password of account ${user.name}.`,
    });
    expect(await faultOf(reach({ credential: { kind: "key", privateKey: makeKey("ed25519").privateKey } }))).toEqual({
      code: "upstream",
      message: `${where} refused the key of account root.`,
    });
    await withSshd(["AuthenticationMethods publickey,password"], async ({ port }) => {
      expect((await faultOf(reach({ port }))).message).toContain(
        "asks for another (password), which the gate cannot give",
      );
    });
  });
});

describe("what can go wrong on the way", () => {
  const servers: Server[] = [];
  const listening = async (serve: (socket: Socket) => void) => {
    const server = createServer((socket) => serve(socket.on("error", () => {})));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as { port: number }).port;
  };
  afterAll(() => {
    for (const server of servers) server.close();
  });

  it("a closed port, an unknown name", async () => {
    expect(await faultOf(reach({ port: 1 }))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("127.0.0.1:1 refused the connection"),
    });
    expect(await faultOf(reach({ host: "does-not-exist.invalid" }))).toMatchObject({ code: "upstream" });
  });

  it("a target that accepts and stays silent", async () => {
    const port = await listening(() => {});
    expect(await faultOf(reach({ port, timeouts: { signInMs: 300 } }))).toEqual({
      code: "timeout",
      message: `127.0.0.1:${port} did not complete the sign-in within 0.3 s.`,
    });
  });

  it("a target that is no SSH server, or hangs up", async () => {
    const http = await listening((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect((await faultOf(reach({ port: http }))).message).toMatch(
      /closed the connection before it said it speaks SSH/,
    );
    const broken = await listening((socket) => socket.end("SSH-2.0-x\r\n\0\0\0\x0c\x0arubbish\0\0\0\0\0"));
    expect((await faultOf(reach({ port: broken }))).code).toBe("upstream");
  });

  it("random bytes instead of packets: a Fault, never a crash", async () => {
    const { randomBytes } = await import("node:crypto");
    for (let round = 0; round < 40; round += 1) {
      const port = await listening((socket) =>
        socket.end(Buffer.concat([Buffer.from(round % 2 ? "SSH-2.0-x\r\n" : ""), randomBytes(20 + round * 40)])),
      );
      expect((await faultOf(reach({ port, timeouts: { signInMs: 2000 } }))).code).toMatch(/upstream|timeout/);
    }
  });

  it("no algorithm in common: names what the target offers, and legacy helps", async () => {
    await withSshd(["KexAlgorithms diffie-hellman-group14-sha1"], async ({ port }) => {
      const { message } = await faultOf(reach({ port }));
      expect(message).toMatch(/no key exchange algorithm in common \(the target offers diffie-hellman-group14-sha1/);
      expect(message).toMatch(/switch on legacy algorithms for this asset/);
      expect(await run(reach({ port, legacy: true }))).toBe("root");
    });
    await withSshd(["Ciphers aes128-cbc", "MACs hmac-sha1"], async ({ port }) => {
      expect((await faultOf(reach({ port }))).message).toMatch(
        /no C->S cipher algorithm in common \(the target offers aes128-cbc/,
      );
      expect(await run(reach({ port, legacy: true }))).toBe("root");
    });
    await withSshd(
      ["HostKeyAlgorithms ssh-rsa"],
      async ({ port }) => {
        expect((await faultOf(reach({ port }))).message).toMatch(/no host key algorithm in common/);
        expect(await run(reach({ port, legacy: true }))).toBe("root");
      },
      { hostKeyType: "rsa" },
    );
  });

  it("the host key is asked for, once, and refused with its fingerprint or a Fault of the caller", async () => {
    const asked: string[] = [];
    const target = await connectSsh(
      reach({ hostKey: { verify: async (fingerprint, type) => asked.push(`${type} ${fingerprint}`) > 0 } }),
    );
    expect(asked).toEqual([`ssh-ed25519 ${sshd.fingerprint}`]);
    expect(target.hostKey).toMatchObject({ fingerprint: sshd.fingerprint, type: "ssh-ed25519" });
    target.close();
    expect((await faultOf(reach({ hostKey: { verify: async () => false } }))).message).toContain(sshd.fingerprint);
    expect(await faultOf(reach({ hostKey: { verify: async () => new Fault("denied", "It changed.") } }))).toEqual({
      code: "denied",
      message: "It changed.",
    });
  });

  it("being told to stop", async () => {
    const port = await listening(() => {});
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Fault("denied", "revoked")), 100);
    expect((await faultOf(reach({ port, signal: stop.signal }))).message).toBe("revoked");
  });

  it("a target that stops answering is noticed", async () => {
    const target = await connectSsh(reach({ keepalive: { intervalMs: 100, count: 3 } }));
    const session = await target.openExec({ command: "kill -STOP $PPID; sleep 60" });
    session.listen({ data() {} });
    const started = Date.now();
    expect(await target.closed).toEqual({ kind: "vanished", words: "no answer to keepalives" });
    expect(Date.now() - started).toBeLessThan(5000);
    await session.closed;
    expect(session.exit).toBeNull();
  });

  it("a command that cannot be started is refused in words", async () => {
    const target = await connectSsh(reach());
    await expect(target.openSubsystem({ name: "nonesuch" })).rejects.toMatchObject({
      code: "upstream",
      message: expect.stringContaining("refused the subsystem nonesuch"),
    });
    target.close();
  });
});

it("the protocol's check accepts a good credential and rejects a bad one", async () => {
  const ssh = protocols.get("ssh");
  const where = { host: sshd.host, port: sshd.port, username: "root", settings: {}, hostKey: trust };
  await expect(ssh.check(where, { kind: "key", privateKey: key.privateKey })).resolves.toBeUndefined();
  await expect(ssh.check(where, { kind: "password", password: "no" })).rejects.toMatchObject({ code: "upstream" });
});
