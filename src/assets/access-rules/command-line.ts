/** Commands that belong together, as they are stored. */
export interface Commands {
  readonly commands: readonly string[];
  readonly patterns: readonly string[];
  readonly ignoreCase: boolean;
}

/** What belongs to a word: `rm` is no part of `rmdir`, `rm-old` or `rm.txt`, and is one of `/bin/rm`. */
const IN_WORD = /[\p{L}\p{N}_.-]/u;
/** Where a shell ends one command and begins another. */
const APART = /&&|\|\||[;|&\n\r`(){}]|\$\(/;
const spaced = (text: string): string => text.trim().replace(/\s+/g, " ");
/** `r\m`, `"rm"` and `r''m` are `rm` to a shell. */
const unquoted = (text: string): string => text.replace(/["'\\]/g, "");

/**
 * Finds what of a group a line holds; null: nothing. The line is as the terminal shows it, put together from what was
 * typed. It keeps people from mistakes; who wants to get around it can: a script, an alias, another shell. Takes time
 * in proportion to the line for a word, and to line times pattern at most.
 */
export function createCommandFilter({ commands, patterns, ignoreCase }: Commands): (line: string) => string | null {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const words = commands.map((command) => ({ command, text: fold(spaced(command)) }));
  const globs = patterns.map((pattern) => ({ pattern, parts: fold(spaced(pattern)) }));
  return (line) => {
    const whole = fold(spaced(line));
    const readings = [...new Set([whole, unquoted(whole)])];
    const found = words.find(({ text }) => readings.some((reading) => holdsWord(reading, text)));
    if (found) return found.command;
    const pieces = [fold(line), unquoted(fold(line))]
      .flatMap((reading) => [reading, ...reading.split(APART)])
      .map(spaced);
    return globs.find(({ parts }) => pieces.some((piece) => fits(piece, parts)))?.pattern ?? null;
  };
}

function holdsWord(line: string, word: string): boolean {
  for (let at = line.indexOf(word); at !== -1 && word !== ""; at = line.indexOf(word, at + 1)) {
    const [before, after] = [line[at - 1] ?? " ", line[at + word.length] ?? " "];
    const opens = !IN_WORD.test(word[0]!) || !IN_WORD.test(before);
    const closes = !IN_WORD.test(word.at(-1)!) || !IN_WORD.test(after);
    if (opens && closes) return true;
  }
  return false;
}

/** Whether the whole text fits the pattern: `*` any text, `?` one character. Goes back to the last star only. */
function fits(text: string, pattern: string): boolean {
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[place] === "*") {
      star = place++;
      resume = at;
    } else if (place < pattern.length && (pattern[place] === "?" || pattern[place] === text[at])) {
      at++;
      place++;
    } else if (star !== -1) {
      place = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[place] === "*") place++;
  return place === pattern.length;
}
