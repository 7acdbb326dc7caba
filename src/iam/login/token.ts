import { createHash, randomBytes } from "node:crypto";

/** A new bearer token (256 random bits, base64url) and the SHA-256 that is stored in its place. */
export function newToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: hashToken(token) };
}

/** What is stored of a token. A plain hash is enough: the token holds 256 random bits. */
export const hashToken = (token: string): Buffer => createHash("sha256").update(token).digest();
