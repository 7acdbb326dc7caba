import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Endpoint } from "../../src/core/index.ts";

const SOURCE = join(import.meta.dirname, "..", "..", "src");

/** Whatever is an endpoint in the schema files of all domains. */
export async function declaredEndpoints(): Promise<Endpoint[]> {
  const files = (await readdir(SOURCE))
    .map((folder) => join(SOURCE, folder, "schema.ts"))
    .filter((file) => existsSync(file));
  const modules = await Promise.all(files.map((file) => import(file) as Promise<Record<string, unknown>>));
  return [...new Set(modules.flatMap((module) => Object.values(module)).filter(isEndpoint))];
}

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === "object" && value !== null && "route" in value && "input" in value && "output" in value;
