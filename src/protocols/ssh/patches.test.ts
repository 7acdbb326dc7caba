import { spawnSync } from "node:child_process";
import { createHash, decapsulate, diffieHellman, generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openssh10 } from "../../../test/support/openssh10.ts";
import { runSsh, startGate } from "../../../test/support/ssh-gate.ts";
import { makeKey, startSshd } from "../../../test/support/sshd.ts";
import { connectSsh, createSshServer, generateKeyPair } from "../index.ts";
import { clientOffer } from "./algorithms.ts";
import { createTransport, KEEPALIVE } from "./transport.ts";
import { nativeCrypto } from "./wire.ts";

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, "..", "..", "..");
const apply = (folder: string) =>
  spawnSync(process.execPath, [join(root, "bin", "apply-patches.mjs"), folder], { encoding: "utf8" });
const folder = mkdtempSync(join(tmpdir(), "patches-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("the native ciphers are in use", () => {
  expect(nativeCrypto).toBe(true);
});

it("patches are applied once, and not at all to what they do not fit", () => {
  mkdirSync(join(folder, "node_modules"));
  cpSync(join(root, "node_modules", "ssh2"), join(folder, "node_modules", "ssh2"), { recursive: true });
  const file = join(folder, "node_modules", "ssh2", "lib", "protocol", "kex.js");
  const patched = readFileSync(file, "utf8");
  expect(apply(folder)).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(file, "utf8")).toBe(patched);

  writeFileSync(file, patched.replaceAll("encapsulate", "wrap"));
  expect(apply(folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("ssh2-mlkem.mjs, ssh2/lib/protocol/kex.js: the text to replace"),
  });
  writeFileSync(file, patched);
  writeFileSync(join(folder, "node_modules", "ssh2", "package.json"), JSON.stringify({ version: "1.18.0" }));
  expect(apply(folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("is for ssh2 1.17.0, but 1.18.0 is installed"),
  });
});

async function server(keys = [generateKeyPair().privateKey]) {
  const one = createSshServer({
    hostKeys: keys,
    onConnection: () => ({ authenticate: async () => "accept", session: (session) => session.close() }),
  });
  return { one, port: await one.listen(0, "127.0.0.1") };
}
const reach = (port: number) => ({
  host: "127.0.0.1",
  port,
  username: "ann",
  credential: { kind: "password", password: "x" } as const,
  hostKey: { verify: async () => true },
});

it("client and server agree on mlkem768x25519-sha256 by themselves, strictly", async () => {
  const { one, port } = await server();
  const client = await connectSsh(reach(port));
  expect(client.algorithms.kex).toBe("mlkem768x25519-sha256");
  client.close();
  await one.close();
});

/** The exchange of ssh2 with us as the other side, by the words of draft-ietf-sshm-mlkem-hybrid-kex section 2.4. */
it("the shared secret is SHA-256 over both secrets, and wrong lengths are refused", () => {
  const { createKeyExchange } = loadExchange();
  const own = { quantum: generateKeyPairSync("ml-kem-768" as never), classic: generateKeyPairSync("x25519") };
  const raw = (key: typeof own.classic.publicKey, length: number) =>
    key.export({ type: "spki", format: "der" }).subarray(-length);
  const init = Buffer.concat([raw(own.quantum.publicKey, 1184), raw(own.classic.publicKey, 32)]);
  const exchange = createKeyExchange({ _server: true });
  const secret = exchange.computeSecret(init) as Buffer;
  const reply = exchange.getPublicKey();
  expect(reply.length).toBe(1088 + 32);
  const theirs = require("node:crypto").createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b656e032100", "hex"), reply.subarray(1088)]),
    type: "spki",
    format: "der",
  });
  const expected = createHash("sha256")
    .update(decapsulate(own.quantum.privateKey, reply.subarray(0, 1088)) as Buffer)
    .update(diffieHellman({ privateKey: own.classic.privateKey, publicKey: theirs }))
    .digest();
  expect(secret).toEqual(expected);
  for (const broken of [
    init.subarray(1),
    Buffer.concat([init, Buffer.alloc(1)]),
    Buffer.alloc(0),
    Buffer.alloc(1216, 0xff),
    Buffer.concat([init.subarray(0, 1184), Buffer.alloc(32)]),
  ]) {
    expect(createKeyExchange({ _server: true }).computeSecret(broken)).toBeInstanceOf(Error);
  }
});

/** ssh2 makes the exchange only inside a connection; this catches the object at its start. */
function loadExchange() {
  const Protocol = require("ssh2/lib/protocol/Protocol.js");
  const { KexInit } = require("ssh2/lib/protocol/kex.js");
  const create = (side: { _server: boolean }) => {
    const offer = new KexInit({ ...clientOffer({ legacy: false }), kex: ["mlkem768x25519-sha256"] });
    const peer = new Protocol({
      server: side._server,
      hostKeys: {},
      offer,
      ident: "x",
      onWrite() {},
      onError() {},
      messageHandlers: {},
    });
    peer.parse(Buffer.from("SSH-2.0-y\r\n"), 0, 11);
    const payload = Buffer.concat([Buffer.from([20]), Buffer.alloc(16), offer.lists.all, Buffer.alloc(5)]);
    const padding = 8 - ((5 + payload.length) % 8) + 8;
    const packet = Buffer.alloc(5 + payload.length + padding);
    packet.writeUInt32BE(packet.length - 4);
    packet[4] = padding;
    payload.copy(packet, 5);
    peer.parse(packet, 0, packet.length);
    return peer._kex as { computeSecret(other: Buffer): Buffer | Error; getPublicKey(): Buffer };
  };
  return { createKeyExchange: create };
}

it("a client sees which signatures the server takes, RSA with SHA-512 among them", async () => {
  const { connect } = await import("node:net");
  const { one, port } = await server();
  const seen = Promise.withResolvers<string[]>();
  const transport = createTransport({
    socket: connect(port, "127.0.0.1"),
    ident: "x",
    offer: clientOffer({ legacy: false }),
    keepalive: KEEPALIVE,
    handlers: { EXT_INFO: (_p, extensions) => seen.resolve(extensions[0]?.algs ?? []) },
    onKeys() {},
  });
  expect(await seen.promise).toEqual([
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
  ]);
  transport.destroy({ kind: "ended", words: "" });
  await one.close();
});

it("OpenSSH signs in with RSA, ECDSA and Ed25519 keys, with host keys of each kind", async () => {
  const sshd = await startSshd();
  for (const type of ["rsa", "ecdsa", "ed25519"] as const) {
    const gate = await startGate({
      target: sshd,
      privateKey: "",
      server: { hostKeys: [makeKey(type).privateKey] },
      session: (session) => session.exit({ code: 0 }),
    });
    const { privateKey } = makeKey(type);
    const { code, stderr } = await runSsh({ port: gate.port, privateKey, args: ["true"], options: ["-v"] });
    expect([type, code, stderr]).toEqual([type, 0, expect.anything()]);
    await gate.server.close();
  }
  await sshd.stop();
});

const newer = openssh10();

describe.skipIf(!newer)("with OpenSSH 10, which prefers mlkem768x25519-sha256", () => {
  const key = makeKey("ed25519");

  it("as a client of ours", async () => {
    const sshd = await startSshd();
    const gate = await startGate({ target: sshd, privateKey: "", session: (session) => session.exit({ code: 5 }) });
    const { code, stderr } = await runSsh({
      port: gate.port,
      privateKey: key.privateKey,
      program: newer?.ssh,
      args: ["true"],
      quiet: false,
      options: ["-v"],
    });
    expect(code).toBe(5);
    expect(stderr).toContain("kex: algorithm: mlkem768x25519-sha256");
    expect(stderr).toContain("resetting read seqnr");
    await gate.server.close();
    await sshd.stop();
  });

  it("as a target", async () => {
    const sshd = await startSshd({ program: newer?.sshd, config: newer?.config, authorizedKeys: [key.publicLine] });
    const target = await connectSsh({
      ...reach(sshd.port),
      username: "root",
      credential: { kind: "key", privateKey: key.privateKey },
    });
    expect(target.algorithms.kex).toBe("mlkem768x25519-sha256");
    target.close();
    await sshd.stop();
  });
});
