import { randomBytes } from "node:crypto";
import { link, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault } from "../core/index.ts";

const KEY_BYTES = 32;
const LONGEST_FILE = 4096;
const OTHERS = 0o077;

/** Where the master key is kept. */
export type MasterKeySource =
  | { /** 32 bytes as base64, as the environment carries them. */ readonly value: string }
  | {
      /** A file that holds 32 bytes as base64, mode 0600. */
      readonly file: string;
      /** Make the file when there is none: only for a data directory that is new, or sealed values are lost. */
      readonly create?: boolean;
    };

/**
 * Loads the master key: 32 bytes. Fault `unavailable` when the file is missing (and may not be made), can be read by
 * others than its owner, or is not 32 bytes in base64. The key is in no message.
 */
export async function loadMasterKey(source: MasterKeySource): Promise<Buffer> {
  if ("value" in source) return decode(source.value, "The master key of the environment");
  const existing = await readKeyFile(source.file);
  if (existing !== null) return decode(existing, `The master key file ${source.file}`);
  if (!source.create) {
    throw new Fault(
      "unavailable",
      `The master key file ${source.file} is missing. Put it back from your backup: without it no stored secret opens.`,
    );
  }
  return await createKeyFile(source.file);
}

async function readKeyFile(path: string): Promise<string | null> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new Fault("unavailable", `The master key file ${path} cannot be read: ${error.code}.`, undefined, error);
  });
  if (!file) return null;
  try {
    const { mode, size } = await file.stat();
    if (mode & OTHERS) {
      throw new Fault("unavailable", `Others may read the master key file. Run: chmod 600 ${path}`);
    }
    if (size > LONGEST_FILE) throw new Fault("unavailable", `${path} is too long for a master key file.`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** Writes beside and links into place, so that two starts at once end up with the same key. */
async function createKeyFile(path: string): Promise<Buffer> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(`${randomBytes(KEY_BYTES).toString("base64")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await unlink(draft);
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return loadMasterKey({ file: path });
}

function decode(text: string, what: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, "base64");
  if (key.length === KEY_BYTES && key.toString("base64") === trimmed) return key;
  throw new Fault("unavailable", `${what} is not ${KEY_BYTES} bytes in base64. Make one with: openssl rand -base64 32`);
}
