import { execFileSync } from "node:child_process";
import { createHash, createHmac, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import pino from "pino";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { ask, startHttp } from "../../../test/support/http.ts";
import { createTls, type Tls, type TlsOptions } from "./index.ts";

const log = pino({ level: "silent" });
let database: TestDatabase;
let directory: string;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.close();
  await rm(directory, { recursive: true, force: true });
});
afterAll(() => database.close());

async function start(options: TlsOptions, now: () => Date = () => new Date()): Promise<Tls> {
  const tls = await createTls({ options, data: directory, names: ["gate.test", "0.0.0.0"], now, log });
  open.push(tls);
  return tls;
}

const fresh = async () => void (directory = await mkdtemp(join(tmpdir(), "sallyport-tls-")));

function shake(port: number, options: object = {}): Promise<{ socket: TLSSocket; certificate: PeerCertificate }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      const certificate = socket.getPeerCertificate();
      socket.destroy();
      resolve({ socket, certificate });
    }).once("error", reject);
  });
}

const pair = async (name: string) => {
  const made = await generate([{ name: "commonName", value: name }], { keyType: "ec", algorithm: "sha256" });
  return { cert: made.cert, key: made.private };
};

describe("self-signed", () => {
  it("makes a key that only the owner reads, and serves TLS 1.2 and newer with it", async () => {
    await fresh();
    const tls = await start({ kind: "self-signed" });
    const http = await startHttp({ database: database.database, directory, options: { tls } });
    open.push(http);
    expect((await stat(join(directory, "tls/self-signed.key"))).mode & 0o777).toBe(0o600);
    const { certificate } = await shake(http.port);
    expect(certificate.subjectaltname).toContain("DNS:gate.test");
    expect(certificate.subjectaltname).not.toContain("0.0.0.0");
    await expect(
      shake(http.port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    ).rejects.toThrow();
    const { headers } = await ask(http.port, "/healthz", { tls: true });
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
  });

  it("keeps it, renews it a month before its end", async () => {
    await fresh();
    let at = new Date();
    const now = () => at;
    const first = (await start({ kind: "self-signed" }, now)).current().cert;
    at = new Date(at.getTime() + 300 * 86_400_000);
    const tls = await start({ kind: "self-signed" }, now);
    expect(tls.current().cert).toBe(first);
    at = new Date(at.getTime() + 40 * 86_400_000);
    const changed: string[] = [];
    tls.changed(({ cert }) => changed.push(cert));
    await tls.reload();
    expect(changed).toEqual([tls.current().cert]);
    expect(tls.current().cert).not.toBe(first);
  });
});

describe("own files", () => {
  const write = async (material: { cert: string; key: string }) => {
    await writeFile(join(directory, "c.pem"), material.cert);
    await writeFile(join(directory, "k.pem"), material.key);
    return { kind: "own", certificate: join(directory, "c.pem"), key: join(directory, "k.pem") } as const;
  };

  it("serves another certificate after a reload, to new connections, and stays with the old one when it is broken", async () => {
    await fresh();
    const tls = await start(await write(await pair("first.test")));
    const http = await startHttp({ database: database.database, directory, options: { tls } });
    open.push(http);
    expect((await shake(http.port)).certificate.subject.CN).toBe("first.test");
    await write(await pair("second.test"));
    await tls.reload();
    expect((await shake(http.port)).certificate.subject.CN).toBe("second.test");
    await write({ cert: (await pair("third.test")).cert, key: (await pair("other.test")).key });
    await tls.reload();
    expect((await shake(http.port)).certificate.subject.CN).toBe("second.test");
  });

  it("names the file that is missing or no pair", async () => {
    await fresh();
    await expect(start({ kind: "own", certificate: join(directory, "none.pem"), key: "x" })).rejects.toThrow(
      "none.pem",
    );
    const options = await write({ cert: "nonsense", key: "nonsense" });
    await expect(start(options)).rejects.toThrow("c.pem");
  });
});

describe("ACME", () => {
  it("answers the authority's challenge and serves what it issues; a restart orders nothing", async () => {
    await fresh();
    const authority = await startAuthority(directory);
    open.push(authority);
    const port = await freePort();
    authority.challengePort = port;
    const options = {
      kind: "acme",
      domains: ["gate.test"],
      email: null,
      server: authority.url,
      challenges: { host: "127.0.0.1", port },
    } as const;
    const tls = await start(options);
    const issuer = () => new X509Certificate(tls.current().cert).issuer;
    await expect.poll(issuer, { timeout: 20_000 }).toContain("Test authority");
    expect(authority.orders).toBe(1);
    expect((await stat(join(directory, "acme/certificate.key"))).mode & 0o777).toBe(0o600);
    const redirect = await ask(port, "/users", { headers: { host: "gate.test" } });
    expect(redirect).toMatchObject({ status: 308, headers: { location: "https://gate.test/users" } });
    expect((await ask(port, "/users", { headers: { host: "evil.test" } })).status).toBe(404);
    await open.pop()!.close();
    const again = await start(options);
    expect(again.current().cert).toBe(tls.current().cert);
    await again.reload();
    expect(authority.orders).toBe(1);
  });
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** A certificate authority that speaks RFC 8555, checks the HTTP-01 answer, and signs with openssl. It does not check signatures of requests. */
async function startAuthority(work: string) {
  const ca = await generate([{ name: "commonName", value: "Test authority" }], {
    algorithm: "sha256",
    extensions: [{ name: "basicConstraints", cA: true }],
  });
  await writeFile(join(work, "ca.pem"), ca.cert);
  await writeFile(join(work, "ca.key"), ca.private);
  const state = { url: "", challengePort: 0, orders: 0, valid: false, certificate: "", thumbprint: "" };
  const token = createHmac("sha256", "x").update(work).digest("base64url");
  const order = () => ({
    status: state.certificate ? "valid" : state.valid ? "ready" : "pending",
    identifiers: [{ type: "dns", value: "gate.test" }],
    authorizations: [`${state.url}/authorization`],
    finalize: `${state.url}/finalize`,
    certificate: `${state.url}/certificate`,
  });
  const challenge = () => ({
    type: "http-01",
    url: `${state.url}/challenge`,
    token,
    status: state.valid ? "valid" : "pending",
  });
  async function issue(csr: string): Promise<void> {
    await writeFile(join(work, "csr.der"), Buffer.from(csr, "base64url"));
    execFileSync(
      "openssl",
      [
        "x509",
        "-req",
        "-inform",
        "DER",
        "-in",
        "csr.der",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "90",
        "-copy_extensions",
        "copy",
        "-out",
        "issued.pem",
      ],
      { cwd: work, stdio: "pipe" },
    );
    state.certificate = `${await readFile(join(work, "issued.pem"), "utf8")}${ca.cert}`;
  }
  const routes: Record<
    string,
    (payload: Record<string, string>) => Promise<{ status?: number; location?: string; body: unknown }>
  > = {
    "/new-account": async () => ({ status: 201, location: "/account/1", body: { status: "valid" } }),
    "/new-order": async () => {
      state.orders++;
      return { status: 201, location: "/order/1", body: order() };
    },
    "/order/1": async () => ({ body: order() }),
    "/authorization": async () => ({
      body: {
        status: state.valid ? "valid" : "pending",
        identifier: { type: "dns", value: "gate.test" },
        challenges: [challenge()],
      },
    }),
    "/challenge": async () => {
      const { text } = await ask(state.challengePort, `/.well-known/acme-challenge/${token}`, {
        headers: { host: "gate.test" },
      });
      state.valid = text === `${token}.${state.thumbprint}`;
      return { body: challenge() };
    },
    "/finalize": async ({ csr }) => {
      await issue(csr!);
      return { body: order() };
    },
    "/certificate": async () => ({ body: state.certificate }),
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.setHeader("replay-nonce", createHash("sha256").update(String(Math.random())).digest("base64url"));
    if (request.url === "/directory") {
      const place = (name: string) => `${state.url}/${name}`;
      return void response.setHeader("content-type", "application/json").end(
        JSON.stringify({
          newNonce: place("nonce"),
          newAccount: place("new-account"),
          newOrder: place("new-order"),
          meta: {},
        }),
      );
    }
    const route = routes[request.url ?? ""];
    if (!route) return void response.end();
    const jws = JSON.parse(Buffer.concat(chunks).toString()) as { protected: string; payload: string };
    const { jwk } = JSON.parse(Buffer.from(jws.protected, "base64url").toString());
    if (jwk)
      state.thumbprint = createHash("sha256")
        .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }))
        .digest("base64url");
    const {
      status = 200,
      location,
      body,
    } = await route(JSON.parse(Buffer.from(jws.payload, "base64url").toString() || "{}"));
    response.statusCode = status;
    if (location) response.setHeader("location", `${state.url}${location}`);
    response.setHeader(
      "content-type",
      typeof body === "string" ? "application/pem-certificate-chain" : "application/json",
    );
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    get url() {
      return `${state.url}/directory`;
    },
    get orders() {
      return state.orders;
    },
    set challengePort(port: number) {
      state.challengePort = port;
    },
    close: async () => void server.close().closeAllConnections(),
  };
}
