import type { Offer } from "./wire.ts";

/** mlkem768x25519 first: recorded traffic stays closed to a later quantum computer. No SHA-1, no group exchange. */
const KEX = [
  "mlkem768x25519-sha256",
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
  "diffie-hellman-group14-sha256",
];
const HOST_KEYS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];
/** AES-GCM first: with AES instructions it is the fastest of them, on the leg where our order decides (to the target). */
const CIPHERS = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
];
const MACS = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"];

const LEGACY = {
  kex: [
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
  ],
  hostKeys: ["ssh-rsa"],
  ciphers: ["aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"],
  macs: ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1-etm@openssh.com", "hmac-sha1"],
};

const offer = (kex: string[], serverHostKey: string[], cipher: string[], mac: string[]): Offer => {
  const direction = { cipher, mac, compress: ["none"], lang: [] };
  return { kex, serverHostKey, cs: direction, sc: direction };
};

/** What the gate offers to clients. ssh2 adds strict key exchange (against Terrapin, CVE-2023-48795). */
export const serverOffer = (hostKeyTypes: readonly string[]): Offer =>
  offer(
    [...KEX],
    HOST_KEYS.filter((type) => hostKeyTypes.includes(type)),
    CIPHERS,
    MACS,
  );

/** What the gate offers to a target. `legacy` appends what old targets need: weak, so only where an asset asks for it. */
export function clientOffer({ legacy, cipher }: { legacy: boolean; cipher?: readonly string[] | undefined }): Offer {
  const ciphers = cipher ? [...cipher] : CIPHERS;
  if (!legacy) return offer([...KEX], HOST_KEYS, ciphers, MACS);
  return offer(
    [...KEX, ...LEGACY.kex],
    [...HOST_KEYS, ...LEGACY.hostKeys],
    [...ciphers, ...LEGACY.ciphers],
    [...MACS, ...LEGACY.macs],
  );
}

/** Whether an account's RSA key may sign with SHA-1: only for targets that know nothing better. */
export const rsaSignatures = (legacy: boolean): readonly string[] =>
  legacy ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : ["rsa-sha2-512", "rsa-sha2-256"];
