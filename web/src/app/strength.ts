/** How well a password stands against guessing. */
export type Strength = "weak" | "fair" | "good" | "strong";

export interface Verdict {
  readonly strength: Strength;
  /** What makes it weaker than its length; null when nothing was seen. */
  readonly because: "common" | "personal" | "repeats" | null;
}

const COMMON = [
  "password",
  "passwort",
  "qwerty",
  "qwertz",
  "azerty",
  "letmein",
  "welcome",
  "admin",
  "administrator",
  "iloveyou",
  "monkey",
  "dragon",
  "sallyport",
  "changeme",
  "secret",
  "login",
  "master",
  "football",
  "sunshine",
  "princess",
  "abc123",
  "p@ssw0rd",
];
const ROWS = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv"];
const LEAST_ROW = 4;
const LEAST_NAME = 3;

/**
 * A rough lower estimate of the guesses in bits: characters that are repeated, in a row of keys, or part of a common
 * word or one's own name count almost nothing. It flatters less than counting kinds of characters does.
 */
export function judge(password: string, own: readonly string[]): Verdict {
  const plain = password
    .toLowerCase()
    .replace(/[@4]/g, "a")
    .replace(/0/g, "o")
    .replace(/[1!]/g, "i")
    .replace(/3/g, "e")
    .replace(/[$5]/g, "s");
  const lower = password.toLowerCase();
  let because: Verdict["because"] = null;
  let counted = password.length;
  const discount = (length: number, reason: NonNullable<Verdict["because"]>): void => {
    counted -= Math.max(0, length - 1.5);
    because ??= reason;
  };
  for (const word of COMMON) if (lower.includes(word) || plain.includes(word)) discount(word.length, "common");
  for (const row of ROWS) for (const run of runsIn(lower, row)) discount(run, "common");
  for (const name of own.flatMap((each) => each.toLowerCase().split(/[\s.@_-]+/)))
    if (name.length >= LEAST_NAME && lower.includes(name)) discount(name.length, "personal");
  for (const [same] of lower.matchAll(/(.)\1{2,}/gu)) discount(same.length, "repeats");
  const distinct = new Set(lower).size;
  if (password.length >= 6 && distinct <= password.length / 3) discount(password.length - distinct, "repeats");
  const bits = Math.max(0, counted) * bitsOf(password);
  return { strength: bits < 36 ? "weak" : bits < 52 ? "fair" : bits < 72 ? "good" : "strong", because };
}

/** Bits that one more character adds: people's letters are guessable, mixed kinds less so. */
function bitsOf(password: string): number {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d\s]/u, /\s/].filter((kind) => kind.test(password)).length;
  return /[^\x00-\x7f]/.test(password) ? 6 : 2.6 + 0.6 * kinds;
}

function runsIn(text: string, row: string): number[] {
  const backwards = [...row].toReversed().join("");
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let length = 0;
    while (at + length < text.length && [row, backwards].some((keys) => keys.includes(text.slice(at, at + length + 1))))
      length += 1;
    if (length >= LEAST_ROW) runs.push(length);
    at += Math.max(1, length);
  }
  return runs;
}
