import { randomBytes, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import { Fault } from "../../core/index.ts";

/** A certificate chain and its private key, both PEM. */
export interface Material {
  readonly cert: string;
  readonly key: string;
}

export interface MaterialFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Reads and proves a pair; Fault `invalid` naming the file and what is wrong with it. */
export async function readMaterial(files: MaterialFiles): Promise<Material> {
  const [cert, key] = await Promise.all([readText(files.certificate), readText(files.key)]);
  try {
    createSecureContext({ cert, key, minVersion: "TLSv1.2" });
  } catch (error) {
    const reason = (error as Error).message.replace(/^error:[0-9A-F]+:/, "");
    throw new Fault(
      "invalid",
      `${files.certificate} and ${files.key} are no certificate and its key in PEM form (${reason}).`,
    );
  }
  return { cert, key };
}

/** As `readMaterial`; null when there is no such pair yet. */
export async function findMaterial(files: MaterialFiles): Promise<Material | null> {
  return readMaterial(files).catch(() => null);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new Fault("invalid", `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Writes both files, 0600, each whole or not at all. */
export async function writeMaterial(files: MaterialFiles, { cert, key }: Material): Promise<void> {
  await writeWhole(files.key, key);
  await writeWhole(files.certificate, cert);
}

/** Writes one file, 0600, whole or not at all; its directory is made 0700. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, text, { mode: 0o600, flag: "wx", flush: true });
  await rename(draft, path);
}

/** Milliseconds until the certificate ends. */
export const lifeLeft = ({ cert }: Material, now: Date): number =>
  new X509Certificate(cert).validToDate.getTime() - now.getTime();

/** Whether the certificate names every one of the names. */
export function covers({ cert }: Material, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  return names.every((name) => certificate.checkHost(name) ?? certificate.checkIP(name));
}
