import { stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import serveFiles from "@fastify/static";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Fault } from "../core/index.ts";

/**
 * Serves the built console, packed where the build left a packed file beside. Only the files found at start are ever
 * served; a path of a page without a file (not below /api or /assets) gets index.html, where the console finds its way.
 */
export async function mountConsole(app: FastifyInstance, directory: string): Promise<void> {
  const built = await stat(join(directory, "index.html")).catch(() => null);
  const hashed = join(directory, "assets") + sep;
  await app.register(serveFiles, {
    root: directory,
    wildcard: false,
    globIgnore: ["**/*.br", "**/*.gz"],
    preCompressed: true,
    cacheControl: false,
    setHeaders(reply, path) {
      void reply.header("cache-control", path.startsWith(hashed) ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  app.setNotFoundHandler((request, reply) => {
    if (!isPage(request)) throw new Fault("not_found", "There is nothing at this address.");
    if (built) return reply.code(200).sendFile("index.html");
    return reply.code(503).type("text/plain").send("The console is not built. Run: npm run build\n");
  });
}

function isPage({ method, url, headers: { accept } }: FastifyRequest): boolean {
  const path = url.split("?")[0]!;
  if (!/^(GET|HEAD)$/.test(method) || /^\/(api|assets)(\/|$)/.test(path) || extname(path) !== "") return false;
  return accept === undefined || /text\/html|\*\/\*/.test(accept);
}
