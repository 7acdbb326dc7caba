import { createHash, createHmac } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FreeRadius, freeUdpPort, startFreeRadius } from "../../../../test/support/freeradius.ts";
import type { OutsideIdentity } from "../backend.ts";
import { accessRequest, readReply } from "./packet.ts";
import { radius } from "./radius.ts";
import { radiusSettings } from "./settings.ts";

let server: FreeRadius;
let unsigned: FreeRadius;

beforeAll(async () => {
  server = await startFreeRadius();
  unsigned = await startFreeRadius({ signs: false });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await unsigned?.stop();
});

const said: string[] = [];
const callWith = (more: object = {}, ms = 15_000) => ({
  settings: radiusSettings.parse({ servers: [server.address], secret: server.secret, ...more }),
  id: "backend",
  signal: AbortSignal.timeout(ms),
  say: (line: string) => void said.push(line),
});
const verify = (loginName: string, password: string, more: object = {}): Promise<OutsideIdentity | null> =>
  radius.verify(callWith(more), { loginName, password });
const quick = { timeoutSeconds: 1, tries: 1 };

describe("a RADIUS server (FreeRADIUS)", () => {
  test("vouches for whoever gives the right password", async () => {
    const ann = { issuer: "radius:", subject: "ann", loginName: "ann", name: "ann", email: null, groups: [] };
    expect(await verify("ann", "ann-password")).toEqual(ann);
    expect(await verify("ANN", "ann-password")).toMatchObject({ subject: "ann" });
    expect(await verify("ann", "ann-password", { groups: "class", realm: "hq" })).toMatchObject({
      issuer: "radius:hq",
      groups: ["ops"],
    });
    expect(await verify("ann", "ann-password", { groups: "filter-id" })).toMatchObject({ groups: ["staff"] });
    expect(await verify("long", "0123456789".repeat(11))).toMatchObject({ subject: "long" });
  });

  test("refuses a wrong password, an empty one, one that cannot be sent, and whom it does not know", async () => {
    expect(await verify("ann", "wrong")).toBeNull();
    expect(await verify("ann", "")).toBeNull();
    expect(await verify("ann", "x".repeat(129))).toBeNull();
    expect(await verify("nobody", "ann-password")).toBeNull();
    expect(await verify("ann\0", "ann-password")).toBeNull();
    expect(await verify("long", `${"0123456789".repeat(11)}1`)).toBeNull();
    expect(await verify("long", "0123456789".repeat(10))).toBeNull();
  });

  test("one for second factors lets nobody in; a further question is not taken for a yes", async () => {
    expect(await verify("ann", "ann-password", { use: "second-factor" })).toBeNull();
    await expect(verify("chal", "anything")).rejects.toMatchObject({ code: "denied" });
  });

  test("a wrong shared secret gets no answer that counts, and the words say what to check", async () => {
    await expect(verify("ann", "ann-password", { secret: "wrong", ...quick })).rejects.toThrow(/shared secret/);
    await radius.check(callWith());
    await expect(radius.check(callWith({ secret: "wrong", ...quick }))).rejects.toThrow(/shared secret/);
    expect(said.join("\n")).not.toContain("ann-password");
  });

  test("an answer without Message-Authenticator counts only where that is allowed", async () => {
    const more = { servers: [unsigned.address], ...quick };
    await expect(verify("ann", "ann-password", more)).rejects.toThrow(/without Message-Authenticator/);
    expect(await verify("ann", "ann-password", { ...more, requireMessageAuthenticator: false })).not.toBeNull();
    expect(await verify("ann", "wrong", { ...more, requireMessageAuthenticator: false })).toBeNull();
  });

  test("one that is down or silent is left for the next one, and waiting has an end", async () => {
    const nobody = `127.0.0.1:${await freeUdpPort()}`;
    expect(await verify("ann", "ann-password", { servers: [nobody, server.address] })).not.toBeNull();
    await expect(verify("ann", "x", { servers: [nobody] })).rejects.toMatchObject({ code: "upstream" });
    process.kill(server.pid, "SIGSTOP");
    try {
      const began = Date.now();
      await expect(verify("ann", "x", quick)).rejects.toMatchObject({ code: "timeout" });
      expect(Date.now() - began).toBeLessThan(3000);
      const slow = callWith({ timeoutSeconds: 10, tries: 5 }, 500);
      await expect(radius.verify(slow, { loginName: "ann", password: "x" })).rejects.toMatchObject({ code: "timeout" });
      expect(Date.now() - began).toBeLessThan(4000);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
  });
});

/** A server that answers each request with what `make` makes of it. */
async function hostile(
  make: (request: Buffer, from: RemoteInfo, socket: Socket) => Buffer | null,
): Promise<{ address: string; asked: () => number; stop(): void }> {
  const socket = createSocket("udp4");
  let count = 0;
  socket.on("message", (request, from) => {
    count += 1;
    const reply = make(request, from, socket);
    if (reply) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { address: `127.0.0.1:${socket.address().port}`, asked: () => count, stop: () => void socket.close() };
}

/** An answer with the right or a wrong signature. */
function reply(
  request: Buffer,
  { code = 2, secret = "s3cret", id = request[0 + 1]!, signed = true, extra = Buffer.alloc(0) } = {},
): Buffer {
  const signature = signed ? Buffer.concat([Buffer.of(80, 18), Buffer.alloc(16)]) : Buffer.alloc(0);
  const bytes = Buffer.concat([Buffer.alloc(20), signature, extra]);
  bytes[0] = code;
  bytes[1] = id;
  bytes.writeUInt16BE(bytes.length, 2);
  request.copy(bytes, 4, 4, 20);
  if (signed) createHmac("md5", secret).update(bytes).digest().copy(bytes, 22);
  createHash("md5").update(bytes).update(secret).digest().copy(bytes, 4);
  return bytes;
}

describe("a hostile answer", () => {
  const asked = async (make: Parameters<typeof hostile>[0], more: object = {}): Promise<unknown> => {
    const enemy = await hostile(make);
    try {
      return await verify("ann", "ann-password", { servers: [enemy.address], secret: "s3cret", ...quick, ...more });
    } finally {
      enemy.stop();
    }
  };
  const endOf = (make: Parameters<typeof hostile>[0], more: object = {}): Promise<string> =>
    asked(make, more).then(
      (found) => JSON.stringify(found),
      (error: unknown) => (error as { code: string }).code,
    );

  test("signed with the right secret it counts: so the others fail for their flaw alone", async () => {
    expect(await asked((request) => reply(request))).not.toBeNull();
    expect(await asked((request) => reply(request, { code: 3 }))).toBeNull();
  });

  test("signed with another secret, unsigned, with another identifier, or of another kind", async () => {
    expect(await endOf((request) => reply(request, { secret: "guess" }))).toMatch(/^(upstream|timeout)$/);
    expect(await endOf((request) => reply(request, { signed: false }))).toMatch(/^(upstream|timeout)$/);
    expect(await endOf((request) => reply(request, { id: (request[1]! + 1) & 255 }))).toMatch(/^(upstream|timeout)$/);
    for (const code of [1, 4, 5, 12, 255])
      expect(await endOf((request) => reply(request, { code }))).toMatch(/^(upstream|timeout)$/);
    // The Response Authenticator is right, the Message-Authenticator is not: never taken, whatever is allowed.
    const wrong = Buffer.concat([Buffer.of(80, 18), Buffer.alloc(16, 1)]);
    expect(
      await endOf((request) => reply(request, { signed: false, extra: wrong }), { requireMessageAuthenticator: false }),
    ).toMatch(/^(upstream|timeout)$/);
    // The other way round.
    const tampered = (request: Buffer): Buffer => {
      const bytes = reply(request);
      bytes[4]! ^= 1;
      return bytes;
    };
    expect(await endOf(tampered)).toMatch(/^(upstream|timeout)$/);
    expect(await endOf(tampered, { requireMessageAuthenticator: false })).toMatch(/^(upstream|timeout)$/);
  });

  test("a refusal turned into a yes on the way", async () => {
    expect(
      await endOf((request) => {
        const bytes = reply(request, { code: 3 });
        bytes[0] = 2;
        return bytes;
      }),
    ).toMatch(/^(upstream|timeout)$/);
  });

  test("an answer to an earlier request, replayed", async () => {
    let first: Buffer | undefined;
    const replay = (request: Buffer): Buffer => {
      first ??= reply(request);
      const again = Buffer.from(first);
      again[1] = request[1]!;
      return again;
    };
    const enemy = await hostile(replay);
    const more = { servers: [enemy.address], secret: "s3cret", ...quick };
    expect(await verify("ann", "x", more)).not.toBeNull();
    await expect(verify("ann", "x", more)).rejects.toMatchObject({ code: "upstream" });
    enemy.stop();
  });

  test("from another address or port, though it is signed rightly", async () => {
    const other = createSocket("udp4");
    expect(
      await endOf((request, from) => {
        other.send(reply(request), from.port, from.address);
        return null;
      }),
    ).toMatch(/^(upstream|timeout)$/);
    other.close();
  });

  test("a false answer before the true one does not keep the true one out", async () => {
    const found = await asked((request, from, socket) => {
      socket.send(reply(request, { secret: "guess" }), from.port, from.address);
      socket.send(Buffer.from("nonsense"), from.port, from.address);
      return reply(request);
    });
    expect(found).not.toBeNull();
  });

  test("packets that are cut, overlong or padded are dropped or read as they should be, and nothing throws", () => {
    const request = accessRequest({ userName: "a", password: "b", secret: "s", nasIdentifier: "n", state: null });
    const good = reply(request.bytes, { secret: "s" });
    expect(readReply(good, request, "s", true)).toMatchObject({ says: "accept" });
    expect(readReply(Buffer.concat([good, Buffer.alloc(30)]), request, "s", true)).toMatchObject({ says: "accept" });
    for (let end = 0; end < good.length; end++)
      expect(readReply(good.subarray(0, end), request, "s", true)).toBeTypeOf("string");
    for (const extra of [Buffer.of(18, 0), Buffer.of(18, 1), Buffer.of(18, 2), Buffer.of(18, 200, 1), Buffer.of(18)]) {
      expect(readReply(reply(request.bytes, { secret: "s", extra }), request, "s", true)).toBeTypeOf("string");
    }
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(good);
      const at = Math.floor(Math.random() * bytes.length);
      const value = Math.floor(Math.random() * 256);
      if (bytes[at] === value) continue;
      bytes[at] = value;
      expect(readReply(bytes, request, "s", true)).toBeTypeOf("string");
    }
  });

  test("a message for the person has no control characters", () => {
    const request = accessRequest({ userName: "a", password: "b", secret: "s", nasIdentifier: "n", state: null });
    const text = Buffer.from("a\u001b[31m\u202eb");
    const extra = Buffer.concat([Buffer.of(18, text.length + 2), text]);
    expect(readReply(reply(request.bytes, { secret: "s", extra }), request, "s", true)).toMatchObject({
      message: "a [31m b",
    });
  });
});
