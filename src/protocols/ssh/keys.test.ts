import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeKey } from "../../../test/support/sshd.ts";
import { Fault } from "../../core/index.ts";
import { generateKeyPair, parsePrivateKey, parsePublicKey, publicKeyOf } from "./keys.ts";

const ed = makeKey("ed25519");
const refusal = (text: string, read: (text: string) => unknown = parsePublicKey) => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid") return error.message;
    throw error;
  }
  return "accepted";
};

describe("public keys", () => {
  it.each([
    ["ed25519", makeKey("ed25519")],
    ["ecdsa 256", makeKey("ecdsa", { bits: 256 })],
    ["ecdsa 384", makeKey("ecdsa", { bits: 384 })],
    ["ecdsa 521", makeKey("ecdsa", { bits: 521 })],
    ["rsa 2048", makeKey("rsa", { bits: 2048 })],
    ["rsa 3072", makeKey("rsa", { bits: 3072 })],
  ])("reads %s and prints its fingerprint as ssh-keygen does", (_name, key) => {
    const parsed = parsePublicKey(`  ${key.publicLine}\n`);
    expect(parsed).toMatchObject({ line: key.publicLine, fingerprint: key.fingerprint });
    expect(parsed.algorithm).toBe(key.publicLine.split(" ")[0]);
  });

  it.each([
    ["a short RSA key", makeKey("rsa", { bits: 1024 }).publicLine, /below 2048 bits are too weak; this one has 1024/],
    ["DSA", makeKey("dsa").publicLine, /DSA keys are too weak/],
    ["a private key", ed.privateKey, /private key: keep it secret/],
    ["two lines", `${ed.publicLine}\n${ed.publicLine}`, /one line/],
    ["options before the key", `no-pty ${ed.publicLine}`, /not a public key/],
    ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA", /Certificates/],
    ["a security token's key", "sk-ssh-ed25519@openssh.com AAAA", /security token/],
    ["another type than inside", ed.publicLine.replace("ssh-ed25519", "ssh-rsa"), /not a public key/],
    ["a cut key", ed.publicLine.split(" ").slice(0, 2).join(" ").slice(0, -8), /not a public key/],
    ["a point off the curve", offCurve(), /not a public key/],
    ["nothing", "", /not a public key/],
    ["text", "hello there", /not a public key/],
    ["too much", `ssh-rsa ${"A".repeat(20_000)}`, /too long/],
  ])("refuses %s in plain words", (_name, line, words) => {
    expect(refusal(line)).toMatch(words);
  });

  it("never does anything but read or refuse, whatever the bytes", () => {
    const blob = Buffer.from(ed.publicLine.split(" ")[1] ?? "", "base64");
    for (let round = 0; round < 3000; round += 1) {
      const bytes = Buffer.from(blob);
      for (let flips = 0; flips <= round % 4; flips += 1)
        bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256);
      const cut = bytes.subarray(0, round % 7 === 0 ? Math.floor(Math.random() * bytes.length) : undefined);
      const line = `ssh-ed25519 ${(round % 5 === 0 ? randomBytes(60) : cut).toString("base64")}`;
      const outcome = refusal(line);
      expect(typeof outcome).toBe("string");
    }
  });
});

describe("private keys", () => {
  it.each<[string, string, string, string?]>([
    ["OpenSSH ed25519", ed.privateKey, ed.fingerprint],
    ...(["ecdsa", "rsa"] as const).flatMap((type) =>
      ([undefined, "PEM", "PKCS8"] as const).map((format) => {
        const key = makeKey(type, format ? { format } : {});
        return [`${format ?? "OpenSSH"} ${type}`, key.privateKey, key.fingerprint] as [string, string, string];
      }),
    ),
    ...(["ed25519", "rsa"] as const).map((type) => {
      const key = makeKey(type, { passphrase: "open sesame" });
      return [`encrypted ${type}`, key.privateKey, key.fingerprint, "open sesame"] as [string, string, string, string];
    }),
  ])("reads %s", (_name, text, fingerprint, passphrase) => {
    expect(publicKeyOf(text, passphrase).fingerprint).toBe(fingerprint);
  });

  it("says what is wrong with a passphrase, and never repeats it", () => {
    for (const options of [{}, { format: "PEM" }, { format: "PKCS8" }] as const) {
      const { privateKey } = makeKey("rsa", { passphrase: "right-one", ...options });
      expect(refusal(privateKey, (text) => parsePrivateKey(text))).toBe(
        "The private key is encrypted. Give its passphrase.",
      );
      expect(refusal(privateKey, (text) => parsePrivateKey(text, "wrong-one"))).toBe(
        "The passphrase does not open this private key.",
      );
    }
  });

  it.each([
    ["text", "hello", /not a private key/],
    ["a public key", ed.publicLine, /public key/],
    ["a short RSA key", makeKey("rsa", { bits: 1024 }).privateKey, /too weak/],
    ["half a key", ed.privateKey.slice(0, 200), /not a private key/],
  ])("refuses %s", (_name, text, words) => {
    expect(refusal(text, parsePrivateKey)).toMatch(words);
  });

  it("makes pairs that ssh-keygen reads", async () => {
    const { execFileSync } = await import("node:child_process");
    const { mkdtempSync, rmSync, writeFileSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/pair-");
    const pair = generateKeyPair("for a host");
    writeFileSync(`${folder}/key`, pair.privateKey, { mode: 0o600 });
    expect(execFileSync("ssh-keygen", ["-yf", `${folder}/key`], { encoding: "utf8" }).trim()).toBe(
      `${pair.publicKey.line.split(" ").slice(0, 2).join(" ")} for a host`,
    );
    rmSync(folder, { recursive: true });
  });
});

function offCurve(): string {
  const [type = "", body = ""] = makeKey("ecdsa", { bits: 256 }).publicLine.split(" ");
  const blob = Buffer.from(body, "base64");
  blob[blob.length - 1] = (blob.at(-1) ?? 0) ^ 1;
  return `${type} ${blob.toString("base64")}`;
}
