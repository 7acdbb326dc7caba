import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { covers, findMaterial, lifeLeft, type Material, writeMaterial } from "./material.ts";

const DAY_MS = 86_400_000;
const VALID_DAYS = 365;
const RENEW_DAYS = 30;

/** The certificate kept in `directory`, made anew when it is missing, near its end, or lacks a name. */
export async function selfSigned(deps: {
  readonly directory: string;
  readonly names: readonly string[];
  readonly now: Date;
}): Promise<Material> {
  const names = [...new Set([...deps.names, "localhost", ...ownAddresses()])].filter(
    (name) => name !== "0.0.0.0" && name !== "::",
  );
  const files = { certificate: join(deps.directory, "self-signed.crt"), key: join(deps.directory, "self-signed.key") };
  const found = await findMaterial(files);
  if (
    found &&
    lifeLeft(found, deps.now) > RENEW_DAYS * DAY_MS &&
    covers(
      found,
      deps.names.filter((name) => names.includes(name)),
    )
  ) {
    return found;
  }
  const made = await make(names, deps.now);
  await writeMaterial(files, made);
  return made;
}

async function make(names: readonly string[], now: Date): Promise<Material> {
  const altNames = names.map((name) =>
    isIP(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const),
  );
  const pair = await generate([{ name: "commonName", value: `Sallyport ${randomBytes(4).toString("hex")}` }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - DAY_MS),
    notAfterDate: new Date(now.getTime() + VALID_DAYS * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames },
    ],
  });
  return { cert: pair.cert, key: pair.private };
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [
    "127.0.0.1",
    "::1",
    ...all.map(({ address }) => address).filter((address) => !address.startsWith("fe80")),
  ].slice(0, 50);
}
