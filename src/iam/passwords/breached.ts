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
  for (const bare of strippedOf(lower)) {
    yield bare;
    yield withoutSigns(bare);
  }
  const half = lower.slice(0, lower.length / 2);
  if (half + half === lower) yield half;
}

/** The word itself, and without up to four characters that are no letters at either end. */
function* strippedOf(word: string): Generator<string> {
  const before = Math.min(AFFIX, /^[^\p{L}]*/u.exec(word)![0].length);
  const after = Math.min(AFFIX, /[^\p{L}]*$/u.exec(word)![0].length);
  for (let start = 0; start <= before; start++) {
    for (let end = 0; end <= after && start + end < word.length; end++) yield word.slice(start, word.length - end);
  }
}

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
