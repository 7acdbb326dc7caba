import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makeKey } from "../../../test/support/sshd.ts";
import { certificateOf, parseCertificate, signCertificate } from "./certificate.ts";
import { generateKeyPair, publicKeyOf } from "./keys.ts";

const folder = mkdtempSync(join(tmpdir(), "certificate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const authority = generateKeyPair("an authority");
let count = 0;
const place = (text: string, mode = 0o600): string => {
  const path = join(folder, `file-${++count}`);
  writeFileSync(path, text, { mode });
  return path;
};
const blobOf = (line: string): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");

/** A certificate made by ssh-keygen. */
function made(options: { ca?: string; key?: string; args?: readonly string[] } = {}): string {
  const ca = place(options.ca ?? authority.privateKey);
  const key = place(`${options.key ?? makeKey("ed25519").publicLine}\n`);
  const args = options.args ?? ["-n", "ann,bob", "-V", "-1m:+1h", "-z", "7"];
  execFileSync("ssh-keygen", ["-q", "-s", ca, "-I", "of ssh-keygen", ...args, `${key}`], { stdio: "pipe" });
  return readFileSync(`${key}-cert.pub`, "utf8");
}

describe("a certificate of ours", () => {
  const key = makeKey("ed25519");
  const now = new Date(Date.UTC(2030, 0, 1));
  const order = {
    authority: authority.privateKey,
    publicKey: key.publicLine,
    serial: 2n ** 63n + 5n,
    keyId: "sallyport:ann",
    principals: ["ann", "0199"],
    validAfter: now,
    validBefore: new Date(now.getTime() + 3_600_000),
    addresses: ["10.0.0.0/8", "2001:db8::/32"],
  };

  it("is read by ssh-keygen -L as it was meant", () => {
    const path = place(`${signCertificate(order)}\n`);
    const told = execFileSync("ssh-keygen", ["-L", "-f", path], {
      encoding: "utf8",
      env: { TZ: "UTC", PATH: process.env.PATH },
    });
    expect(told).toContain("Type: ssh-ed25519-cert-v01@openssh.com user certificate");
    expect(told).toContain(`Public key: ED25519-CERT ${key.fingerprint}`);
    expect(told).toContain(`Signing CA: ED25519 ${authority.publicKey.fingerprint} (using ssh-ed25519)`);
    expect(told).toContain('Key ID: "sallyport:ann"');
    expect(told).toContain("Serial: 9223372036854775813");
    expect(told).toContain("Valid: from 2030-01-01T00:00:00 to 2030-01-01T01:00:00");
    expect(told).toMatch(/Principals: \n\s+ann\n\s+0199\n/);
    expect(told).toContain("source-address 10.0.0.0/8,2001:db8::/32");
    expect(told).toContain("permit-pty");
  });

  it("is read by us as it was meant", () => {
    const { certificate } = parseCertificate(blobOf(signCertificate(order)))!;
    expect(certificate).toMatchObject({
      serial: order.serial,
      keyId: "sallyport:ann",
      principals: ["ann", "0199"],
      validAfter: 1_893_456_000n,
      validBefore: 1_893_459_600n,
      fingerprint: key.fingerprint,
      authority: authority.publicKey.fingerprint,
    });
    expect([...certificate.criticalOptions]).toEqual([["source-address", order.addresses.join(",")]]);
  });

  it.each([
    ["ecdsa 256", makeKey("ecdsa", { bits: 256 })],
    ["ecdsa 521", makeKey("ecdsa", { bits: 521 })],
    ["rsa", makeKey("rsa", { bits: 2048 })],
  ])("is made for a key of %s too", (_, { publicLine, fingerprint }) => {
    const line = signCertificate({ ...order, publicKey: publicLine });
    expect(execFileSync("ssh-keygen", ["-L", "-f", place(`${line}\n`)], { encoding: "utf8" })).toContain(fingerprint);
    expect(parseCertificate(blobOf(line))?.certificate.fingerprint).toBe(fingerprint);
  });
});

describe("a certificate of ssh-keygen", () => {
  it.each([
    ["ed25519", makeKey("ed25519")],
    ["ecdsa 384", makeKey("ecdsa", { bits: 384 })],
    ["rsa", makeKey("rsa", { bits: 2048 })],
  ])("is read when %s signed it", (_, ca) => {
    const { certificate } = parseCertificate(blobOf(made({ ca: ca.privateKey })))!;
    expect(certificate).toMatchObject({ serial: 7n, keyId: "of ssh-keygen", principals: ["ann", "bob"] });
    expect(certificate.authority).toBe(publicKeyOf(ca.privateKey).fingerprint);
  });

  it("of a host is none", () => {
    expect(parseCertificate(blobOf(made({ args: ["-h", "-n", "host", "-V", "+1h"] })))).toBeNull();
  });

  it("signed by RSA with SHA-1 is none", () => {
    const ca = makeKey("rsa", { bits: 2048 }).privateKey;
    expect(parseCertificate(blobOf(made({ ca, args: ["-t", "rsa-sha2-256", "-n", "ann"] })))).not.toBeNull();
    expect(parseCertificate(blobOf(made({ ca, args: ["-t", "ssh-rsa", "-n", "ann"] })))).toBeNull();
  });

  it("keeps critical options that nobody knows, so that they can be refused", () => {
    const line = made({ args: ["-n", "ann", "-O", "force-command=/bin/true", "-O", "verify-required"] });
    expect([...parseCertificate(blobOf(line))!.certificate.criticalOptions]).toEqual([
      ["force-command", "/bin/true"],
      ["verify-required", ""],
    ]);
  });
});

describe("a certificate that was changed", () => {
  const blob = blobOf(made());

  it("is none, whichever bit it was", () => {
    for (let bit = 0; bit < blob.length * 8; bit += 1) {
      const altered = Buffer.from(blob);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(parseCertificate(altered), `bit ${bit}`).toBeNull();
    }
  });

  it("is none when cut or lengthened", () => {
    const cuts = Array.from({ length: blob.length }, (_, length) => parseCertificate(blob.subarray(0, length)));
    expect(new Set(cuts)).toEqual(new Set([null]));
    expect(parseCertificate(Buffer.concat([blob, Buffer.of(0)]))).toBeNull();
  });

  it("and bytes of any kind are refused without an error", () => {
    for (let round = 0; round < 3000; round += 1) {
      const wild = Buffer.from(blob);
      for (let change = randomInt(1, 9); change > 0; change -= 1) wild[randomInt(wild.length)] = randomInt(256);
      const parsed = parseCertificate(wild);
      expect(parsed === null || wild.equals(blob)).toBe(true);
    }
  });
});

it("goes with no algorithm but its own", () => {
  const blob = blobOf(made());
  const cert = "-cert-v01@openssh.com";
  expect(certificateOf(`ssh-ed25519${cert}`, blob)).not.toBeNull();
  for (const other of [`rsa-sha2-512${cert}`, `ecdsa-sha2-nistp256${cert}`, `ssh-rsa${cert}`, "ssh-ed25519", cert])
    expect([other, certificateOf(other, blob)]).toEqual([other, null]);
  const rsa = blobOf(made({ key: makeKey("rsa", { bits: 2048 }).publicLine }));
  expect(certificateOf(`rsa-sha2-256${cert}`, rsa)).not.toBeNull();
  expect(certificateOf(`ssh-rsa${cert}`, rsa)).toBeNull();
});
