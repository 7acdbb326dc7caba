import { type IncomingHttpHeaders, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { createAudit, loadSigningKey } from "../../src/audit/index.ts";
import { type AnyAction, systemClock } from "../../src/core/index.ts";
import { createRuntime, createSealer, type Database, type Db } from "../../src/db/index.ts";
import { createHttp, type Http, type HttpOptions } from "../../src/http/index.ts";
import { createIam, iamSettings } from "../../src/iam/index.ts";
import { createPlatform } from "../../src/platform/index.ts";
import { generateKeyPair, parsePublicKey, signCertificate } from "../../src/protocols/index.ts";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: unknown;
  readonly raw?: string;
  readonly tls?: boolean;
  readonly host?: string;
}

/** One request over a real socket, with any header at all. */
export function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, body, raw, tls, host = "127.0.0.1" }: Ask = {},
): Promise<Reply> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const sent = {
    ...(text !== undefined && {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(text)),
    }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      path,
      method,
      headers: sent,
      agent: false,
      rejectUnauthorized: false,
      timeout: 20_000,
    } as const;
    const request = (tls ? tlsRequest : plainRequest)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const all = Buffer.concat(chunks).toString("latin1");
        const isJson = response.headers["content-type"]?.includes("json");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: all,
          json: isJson ? JSON.parse(Buffer.concat(chunks).toString()) : undefined,
        });
      });
    });
    request.on("timeout", () => request.destroy(new Error("No answer within 20 s")));
    request.on("error", reject);
    request.end(text);
  });
}

/** The HTTP side on a free port, with identity and audit on a real database; `extra` actions come on top. */
export async function startHttp(deps: {
  readonly database: Database;
  readonly directory: string;
  readonly extra?: readonly AnyAction<Db>[];
  readonly options?: Partial<HttpOptions>;
  readonly host?: string;
  /** Where a certificate door listens. */
  readonly certificatePort?: number;
}) {
  const lines: string[] = [];
  const log = pino(
    { level: "debug" },
    new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) }),
  );
  const signingKey = await loadSigningKey(deps.directory);
  const audit = createAudit({
    database: deps.database,
    now: systemClock,
    signingKey,
    checkpointFile: join(deps.directory, "c.jsonl"),
    log: () => {},
  });
  const runtime = createRuntime({ database: deps.database, now: systemClock, record: audit.record });
  const sealer = createSealer({ masterKeys: { current: Buffer.alloc(32, 7) } });
  const platform = createPlatform({ database: deps.database, runtime, sealer, settings: iamSettings, say: () => {} });
  const iam = createIam({
    database: deps.database,
    runtime,
    sealer,
    platform,
    parsePublicKey,
    certificates: { generateKeyPair, signCertificate },
    certificatePort: deps.certificatePort ?? null,
  });
  const actions = [...iam.actions, ...audit.actions, ...(deps.extra ?? [])] as AnyAction<Db>[];
  await iam.prepare(actions);
  const http: Http = await createHttp({
    runtime,
    actions,
    identify: iam.identify,
    log,
    tls: null,
    hostNames: ["localhost", "gate.test"],
    publicUrl: null,
    trustedProxies: [],
    metricsFrom: ["127.0.0.0/8"],
    limits: { requests: 100_000, signIns: 100_000 },
    consoleDirectory: join(deps.directory, "dist"),
    version: "0.0.0",
    ready: async () => ({ database: true }),
    measures: [],
    ...deps.options,
  });
  const { port } = await http.listen({ host: deps.host ?? "127.0.0.1", port: 0 });
  return {
    port,
    http,
    iam,
    actions,
    runtime,
    lines,
    ask: (path: string, how?: Ask) => ask(port, path, how),
    close: () => http.close(),
  };
}
