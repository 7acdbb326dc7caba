import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const BYTES = 5;
const AFFIX = 4;
const SHORTEST = 4;

let loaded: Buffer | undefined;
/** Sorted: the first 5 bytes of SHA-1 of each known password in lower case. `bin/make-breached-passwords.mjs` makes it. */
const known = (): Buffer => (loaded ??= readFileSync(new URL("breached.bin", import.meta.url)));

/**
 * Whether the password, or what is left of it without a few digits and signs around it, is publicly known: leaked, or the
 * default of a product. Of 2^40 prefixes 131,000 are taken: one good password in eight million is refused by mistake.
 */
export const isBreached = (password: string): boolean => [...formsOf(password.toLowerCase())].some(isListed);

function* formsOf(lower: string): Generator<string> {
  yield lower;
  const bare = lower.replace(AROUND, "");
  yield bare;
  yield withoutSigns(lower);
  yield withoutSigns(bare);
  yield withoutSigns(lower).replace(AROUND, "");
  const half = lower.slice(0, lower.length / 2);
  if (half + half === lower) yield half;
}

const AROUND = new RegExp(`^[^\\p{L}]{1,${AFFIX}}(?=\\p{L})|(?<=\\p{L})[^\\p{L}]{1,${AFFIX}}$`, "gu");
const LETTERS: Readonly<Record<string, string>> = {
  "@": "a",
  "4": "a",
  "3": "e",
  "1": "i",
  "!": "i",
  "0": "o",
  $: "s",
  "5": "s",
};
const withoutSigns = (text: string): string => text.replace(/[@431!0$5]/g, (sign) => LETTERS[sign] ?? sign);

function isListed(word: string): boolean {
  if (word.length < SHORTEST) return false;
  const wanted = createHash("sha1").update(word).digest().subarray(0, BYTES);
  const list = known();
  let low = 0;
  let high = list.length / BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = list.compare(wanted, 0, BYTES, middle * BYTES, (middle + 1) * BYTES);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}
