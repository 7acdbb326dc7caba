import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type AnyAction, endpoint } from "../core/index.ts";
import { type Db, serve } from "../db/index.ts";
import { ask, startHttp } from "../../test/support/http.ts";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";

const download = endpoint({
  route: "POST /download",
  name: "echo.download",
  title: "Download",
  input: z.object({}),
  output: z.object({}),
});

const CHUNK = Buffer.alloc(64 * 1024, 7);
const state = { sent: 0, cleaned: false };

const extra = [
  serve(download, {
    access: "anonymous",
    run: async ({ deliver }) => {
      async function* body() {
        try {
          for (let n = 0; n < 4096; n++) {
            state.sent += CHUNK.length;
            yield CHUNK;
          }
        } finally {
          state.cleaned = true;
        }
      }
      deliver({ kind: "download", fileName: 'a"b ü.cast', mediaType: "application/x-asciicast", body: body() });
      return {};
    },
  }),
] as AnyAction<Db>[];

let database: TestDatabase;
let directory: string;
let it_: Awaited<ReturnType<typeof startHttp>>;
const open: { close(): Promise<void> }[] = [];

async function start(options: Parameters<typeof startHttp>[0]["options"] = {}) {
  const started = await startHttp({ database: database.database, directory, extra, options });
  open.push(started);
  return started;
}

beforeAll(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), "sallyport-http-"));
  await mkdir(join(directory, "dist/assets"), { recursive: true });
  await writeFile(join(directory, "dist/index.html"), "<!doctype html><title>Console</title>");
  await writeFile(join(directory, "dist/assets/app-abc123.js"), "console.log(1);".repeat(500));
  const pack = join(import.meta.dirname, "../../bin/prepare/pack.mjs");
  const script = `import { packFiles } from ${JSON.stringify(pack)}; packFiles(process.argv[1])`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script, join(directory, "dist")]);
  it_ = await start();
});

afterAll(async () => {
  await Promise.all(open.map((started) => started.close()));
  await database?.close();
  await rm(directory, { recursive: true, force: true });
});

describe("download", () => {
  it("streams with a name, and stops producing when the reader is gone", async () => {
    state.sent = 0;
    state.cleaned = false;
    const client = connect(it_.port, "127.0.0.1");
    client.write("POST /api/download HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    const first = await new Promise<Buffer>((resolve) => client.once("data", resolve));
    client.pause();
    const head = first.toString("latin1");
    expect(head).toContain(
      "content-disposition: attachment; filename=\"a_b _.cast\"; filename*=UTF-8''a%22b%20%C3%BC.cast",
    );
    expect(head).toContain("content-type: application/x-asciicast");
    await expect.poll(() => state.sent).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const held = state.sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(state.sent).toBe(held);
    expect(held).toBeLessThan(64 << 20);
    client.destroy();
    await expect.poll(() => state.cleaned).toBe(true);
  });
});

describe("documents", () => {
  it("describe every action", async () => {
    const { json } = await it_.ask("/api/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    for (const { endpoint: promise, access } of it_.actions) {
      const [method = "", path = ""] = promise.route.split(" ");
      const operation =
        json.paths[`/api${path.replace(/:(\w+)/g, "{$1}")}`]?.[method === "SOCKET" ? "get" : method.toLowerCase()];
      expect(operation).toMatchObject({ operationId: promise.name, summary: promise.title });
      expect(Object.keys(operation.responses)).toContain("422");
      expect(operation.description.includes(`"${promise.name}"`)).toBe(access === "granted");
    }
  });

  it("are readable without scripts", async () => {
    const { text, headers } = await it_.ask("/api/docs");
    expect(headers["content-type"]).toContain("text/html");
    expect(text).not.toMatch(/<script/i);
    for (const { endpoint: promise } of it_.actions) expect(text).toContain(`id="${promise.name}"`);
  });
});

describe("health and metrics", () => {
  it("are alive, and ready only when every part is", async () => {
    expect((await it_.ask("/healthz")).json).toEqual({ alive: true });
    expect((await it_.ask("/readyz")).status).toBe(200);
    const { ask: get } = await start({ ready: async () => ({ database: true, gateways: false }) });
    expect(await get("/readyz")).toMatchObject({ status: 503, json: { ready: false, parts: { gateways: false } } });
  });

  it("counts by route, not by address, and only for who may read", async () => {
    await it_.ask("/api/users/some-secret-id");
    const { text } = await it_.ask("/metrics");
    expect(text).toMatch(
      /sallyport_http_request_seconds_count\{method="GET",route="\/api\/users\/:id",status="401"\} \d/,
    );
    expect(text).toContain("sallyport_nodejs_eventloop_lag_seconds");
    expect(text).not.toContain("some-secret-id");
    expect((await it_.ask("/metrics", { headers: { "x-forwarded-for": "192.0.2.1" } })).status).toBe(403);
    const { ask: get } = await start({ metricsFrom: ["192.0.2.0/24"] });
    expect((await get("/metrics")).status).toBe(403);
  });

  it("shows a measure that fails as not a number", async () => {
    const measures = [
      { name: "bad", help: "Bad", read: () => Promise.reject(new Error("no")) },
      { name: "good", help: "Good", read: () => 4 },
      { name: "tries_total", help: "Tries", label: "via", read: () => ({ console: 1, ssh: 2 }) },
    ];
    const { ask: get } = await start({ measures });
    const { text } = await get("/metrics");
    expect(text).toContain("sallyport_bad Nan");
    expect(text).toContain("sallyport_good 4");
    expect(text).toContain("# TYPE sallyport_tries_total counter");
    expect(text).toContain('sallyport_tries_total{via="ssh"} 2');
    expect((await get("/metrics")).text).toContain('sallyport_tries_total{via="ssh"} 2');
  });
});

describe("console pages", () => {
  it("falls back to the index for pages, never for /api or files", async () => {
    for (const path of ["/", "/users", "/sessions/1"])
      expect((await it_.ask(path)).text).toContain("<title>Console</title>");
    for (const path of ["/api/users/x/y", "/assets/none.js", "/none.png"])
      expect((await it_.ask(path)).status).toBe(404);
    expect((await it_.ask("/..%2f..%2f..%2fetc/passwd")).text).not.toContain("root:");
  });

  it("packs, and lets hashed files be kept for ever", async () => {
    const { headers, text } = await it_.ask("/assets/app-abc123.js", { headers: { "accept-encoding": "gzip, br" } });
    expect(headers).toMatchObject({ "content-encoding": "br", "cache-control": "public, max-age=31536000, immutable" });
    expect(text.length).toBeLessThan(1000);
    expect(headers).toMatchObject({ "content-type": "application/javascript; charset=utf-8", vary: "accept-encoding" });
    const again = await it_.ask("/assets/app-abc123.js", {
      headers: { "accept-encoding": "gzip, br", "if-none-match": headers.etag! },
    });
    expect(again.status).toBe(304);
    expect((await it_.ask("/")).headers["cache-control"]).toBe("no-cache");
  });
});

it("cuts idle connections when it closes, within its time", async () => {
  const { port, close } = await start();
  const idle = connect(port, "127.0.0.1");
  await new Promise((resolve) => idle.once("connect", resolve));
  idle.write("POST /api/setup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
  idle.on("error", () => {}).resume();
  const gone = new Promise((resolve) => idle.once("close", resolve));
  const from = Date.now();
  await close();
  await gone;
  expect(Date.now() - from).toBeLessThan(5_000);
  await expect(ask(port, "/healthz")).rejects.toThrow("ECONNREFUSED");
});
