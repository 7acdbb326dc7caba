import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { HIDDEN, redact } from "../../src/core/index.ts";

/** A secret that was planted, and every form in which its bytes could come to light. */
export interface Canary {
  readonly where: string;
  readonly forms: readonly Buffer[];
}

const base64Of = (bytes: Buffer): string[] =>
  [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = text.slice(shift === 0 ? 0 : 4, -2);
    return [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });

/** The value itself, in hexadecimal, in base64 at each alignment, and escaped for an address. */
export function canaryOf(where: string, value: string | Buffer): Canary {
  const bytes = Buffer.from(value as string);
  const texts = [bytes.toString("hex"), bytes.toString("hex").toUpperCase(), ...base64Of(bytes)];
  const escaped = typeof value === "string" ? [encodeURIComponent(value), JSON.stringify(value).slice(1, -1)] : [];
  return { where, forms: [bytes, ...[...texts, ...escaped].map((text) => Buffer.from(text))] };
}

/** What every made secret begins with: where it is not, none of them is. */
const BEGINNING = "Planted-Canary-Of-A-Test-";
const beginning = canaryOf("", BEGINNING).forms;

export const newSecret = (): string => BEGINNING + randomBytes(15).toString("hex");

/** Names of the canaries that are in the bytes. */
export function found(canaries: readonly Canary[], bytes: Buffer): string[] {
  const some = beginning.some((form) => bytes.includes(form));
  const candidates = some ? canaries : canaries.filter(({ forms }) => !forms[0]?.includes(BEGINNING));
  return candidates.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ where }) => where);
}

interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly entries?: Record<string, string>;
  readonly values?: readonly unknown[];
}

const defOf = (schema: z.ZodType): Def => schema._zod.def;
const SAMPLES = [
  "00000000-0000-7000-8000-0000000000ff",
  "2030-01-01T00:00:00Z",
  "eve@example.org",
  "ssh",
  "10.0.0.9",
  "word",
  "/a/path",
  "BCDF-GHJK",
  "1",
  "A few words",
  "true",
  "24:00",
  "08:00",
  "UTC",
  1,
  4096,
  true,
  "db.example.com:5432",
];

/**
 * An input that the schema accepts, optional fields included; `plant` gives the value of every text that audit events
 * hide: whatever is marked secret, and whatever nobody classified.
 */
export function sampleOf(schema: z.ZodType, path: string, plant: (path: string) => string): unknown {
  const def = defOf(schema);
  if (def.type === "string" && redact(schema, "x") === HIDDEN) {
    const planted = plant(path);
    return schema.safeParse(planted).success ? planted : Buffer.from(planted).toString("base64");
  }
  if (def.shape)
    return Object.fromEntries(
      Object.entries(def.shape).map(([key, field]) => [key, sampleOf(field, `${path}.${key}`, plant)]),
    );
  if (def.type === "array" && def.element) return [sampleOf(def.element, `${path}[]`, plant)];
  if (def.type === "record") return {};
  if (def.innerType) return sampleOf(def.innerType, path, plant);
  if (def.options) return sampleOf(def.options[0]!, path, plant);
  if (def.type === "enum") return Object.values(def.entries ?? {})[0];
  if (def.type === "literal") return def.values?.[0];
  const fitting = SAMPLES.find((sample) => schema.safeParse(sample).success);
  if (fitting === undefined) throw new Error(`No sample for ${path} (${def.type}); add one to SAMPLES`);
  return fitting;
}

/** Paths of the texts that audit events hide. */
export function hiddenPaths(schema: z.ZodType, path: string): string[] {
  const paths: string[] = [];
  sampleOf(schema, path, (at) => {
    paths.push(at);
    return "x".repeat(20);
  });
  return paths;
}

/** Paths of all files, below the directory. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}

/** The 32 secret bytes of an unencrypted Ed25519 key in OpenSSH's form: they stand before the last public key. */
export function seedOf({ privateKey, publicLine }: { privateKey: string; publicLine: string }): Buffer {
  const body = Buffer.from(privateKey.replace(/-----[^-]+-----/g, ""), "base64");
  const publicKey = Buffer.from(publicLine.split(" ")[1] ?? "", "base64").subarray(-32);
  const at = body.lastIndexOf(publicKey);
  return body.subarray(at - 32, at);
}

/** Arguments and environment of every process of this machine. */
export async function readProcesses(): Promise<string[]> {
  const texts: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const file of ["cmdline", "environ"]) {
      const text = await readFile(join("/proc", pid, file), "latin1").catch(() => "");
      texts.push(`${file} of ${pid}: ${text}`);
    }
  }
  return texts;
}
