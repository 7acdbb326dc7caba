import { afterEach, expect, test, vi } from "vitest";
import { hashToken, newToken } from "./token.ts";

afterEach(() => void vi.restoreAllMocks());

test("tokens are 256 bits of the system's generator: a known Math.random foretells none", () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const made = Array.from({ length: 500 }, () => newToken());
  expect(new Set(made.map(({ token }) => token)).size).toBe(500);
  for (const { token, hash } of made) {
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(hash.equals(hashToken(token))).toBe(true);
  }
  // Every one of the 256 bits is sometimes set and sometimes not.
  const bytes = made.map(({ token }) => Buffer.from(token, "base64url"));
  for (let bit = 0; bit < 256; bit++) {
    const set = bytes.filter((one) => ((one[bit >> 3] ?? 0) >> (bit & 7)) & 1).length;
    expect(set).toBeGreaterThan(150);
    expect(set).toBeLessThan(350);
  }
});
