import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../core/index.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
const COMPRESSIBLE = /javascript|css|json|html|svg|text/;
const MOST_BYTES = 64 << 20;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

interface Page {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  /** The name holds a hash of the content: it never changes. */
  readonly lasting: boolean;
  readonly packed: Map<string, Promise<Buffer>>;
}

const packers: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, BROTLI),
  gzip: (body) => promisify(gzip)(body),
};

/**
 * Serves the built console from memory, packed once for each encoding. Only the files found at start are ever served;
 * a path of a page without a file (not below /api or /assets) gets index.html, where the console finds its own way.
 */
export async function mountConsole(app: FastifyInstance, directory: string): Promise<void> {
  const pages = await readPages(directory);
  app.get("/*", async (request, reply) => {
    const path = request.url.split("?")[0]!;
    const page = pages.get(path) ?? (isPage(request, path) ? pages.get("/index.html") : undefined);
    if (page) return send(request, reply, page);
    if (pages.size === 0 && isPage(request, path)) {
      return reply.code(503).type("text/plain").send("The console is not built. Run: npm run build\n");
    }
    throw new Fault("not_found", "There is nothing at this address.");
  });
}

function isPage(request: FastifyRequest, path: string): boolean {
  if (/^\/(api|assets)(\/|$)/.test(path) || extname(path) !== "") return false;
  return request.headers.accept === undefined || /text\/html|\*\/\*/.test(request.headers.accept);
}

async function send(request: FastifyRequest, reply: FastifyReply, page: Page): Promise<FastifyReply> {
  reply.header("cache-control", page.lasting ? "public, max-age=31536000, immutable" : "no-cache");
  reply.header("etag", page.etag);
  if (request.headers["if-none-match"] === page.etag) return reply.code(304).send();
  reply.type(page.type);
  if (!COMPRESSIBLE.test(page.type)) return reply.send(page.body);
  reply.header("vary", "accept-encoding");
  const accepted = String(request.headers["accept-encoding"] ?? "")
    .split(",")
    .map((part) => part.split(";")[0]!.trim());
  const encoding = ["br", "gzip"].find((name) => accepted.includes(name));
  if (!encoding) return reply.send(page.body);
  let packed = page.packed.get(encoding);
  if (!packed) page.packed.set(encoding, (packed = packers[encoding]!(page.body)));
  return reply.header("content-encoding", encoding).send(await packed);
}

async function readPages(directory: string): Promise<ReadonlyMap<string, Page>> {
  const pages = new Map<string, Page>();
  if (!(await stat(join(directory, "index.html")).catch(() => null))) return pages;
  let total = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || !type) continue;
    const file = join(entry.parentPath, entry.name);
    const body = await readFile(file);
    total += body.length;
    if (total > MOST_BYTES) throw new Error(`${directory} holds more than ${MOST_BYTES >> 20} MiB`);
    const path = `/${relative(directory, file).split(sep).join("/")}`;
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    pages.set(path, { body, type, etag, lasting: path.startsWith("/assets/"), packed: new Map() });
  }
  const index = pages.get("/index.html");
  if (index) pages.set("/", index);
  return pages;
}
