import { generateKeyPair as generate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fault } from "../core/index.ts";
import { writeWhole } from "../http/tls/material.ts";
import { generateKeyPair, publicKeyOf } from "../protocols/index.ts";

const makers: Readonly<Record<string, () => Promise<string>>> = {
  ed25519: async () => generateKeyPair("sallyport").privateKey,
  ecdsa: async () => {
    const { privateKey } = await promisify(generate)("ec", { namedCurve: "P-256" });
    return privateKey.export({ type: "sec1", format: "pem" }).toString();
  },
  rsa: async () => {
    const { privateKey } = await promisify(generate)("rsa", { modulusLength: 3072 });
    return privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  },
};

/** A host key of the SSH gate. */
export interface HostKey {
  readonly privateKey: string;
  readonly algorithm: string;
  readonly fingerprint: string;
}

/**
 * The host keys of the SSH gate (Ed25519, ECDSA P-256, RSA 3072) in `directory`, made when they are missing; 0600.
 * Fault `unavailable` for a file that others may read or that is no private key.
 */
export async function loadHostKeys(directory: string): Promise<HostKey[]> {
  return Promise.all(
    Object.keys(makers).map((kind) => loadHostKey(join(directory, `ssh_host_${kind}_key`), makers[kind]!)),
  );
}

async function loadHostKey(path: string, make: () => Promise<string>): Promise<HostKey> {
  const found = await stat(path).catch(() => null);
  if (!found) await writeWhole(path, await make());
  else if ((found.mode & 0o077) !== 0)
    throw new Fault("unavailable", `Others may read the host key. Run: chmod 600 ${path}`);
  const privateKey = await readFile(path, "utf8");
  try {
    const { algorithm, fingerprint } = publicKeyOf(privateKey);
    return { privateKey, algorithm, fingerprint };
  } catch {
    throw new Fault(
      "unavailable",
      `${path} is no SSH private key. Put it back from your backup, or remove it to get a new one.`,
    );
  }
}
