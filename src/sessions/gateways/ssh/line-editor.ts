const LONGEST = 200;
const AHEAD = 4000;

export type LineEvent =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "cancel" }
  | { readonly kind: "leave" };

/** One-line input over a raw terminal. */
export interface LineEditor {
  /** Takes bytes from the terminal; what follows a finished line waits, unseen, for the next. At most 4,000 characters. */
  feed(bytes: Buffer): void;
  /** What was typed ahead of the next line, which is then forgotten here. */
  rest(): Buffer;
  /** The next line, Ctrl-C (cancel), or Ctrl-D on an empty line and the end of input (leave). */
  next(): Promise<LineEvent>;
  /** The input is over. */
  end(): void;
}

/** Echoes through `echo`, edits with backspace, Ctrl-U and Ctrl-W, ignores escape sequences. At most 200 characters. */
export function createLineEditor({ echo }: { echo: (text: string) => void }): LineEditor {
  const decoder = new TextDecoder();
  let ahead: string[] = [];
  let waiting: ((event: LineEvent) => void) | undefined;
  let line: string[] = [];
  let escape: "no" | "started" | "sequence" = "no";
  let over = false;
  let afterReturn = false;

  function finish(event: LineEvent): void {
    line = [];
    waiting?.(event);
    waiting = undefined;
  }

  function work(): void {
    while (waiting && ahead.length > 0) take(ahead.shift() ?? "");
    if (waiting && over) finish({ kind: "leave" });
  }

  function erase(count: number): void {
    const gone = line.splice(Math.max(0, line.length - count));
    const cells = gone.reduce((sum, char) => sum + width(char), 0);
    echo("\b \b".repeat(cells));
  }

  /** Whether the character belonged to an escape sequence (ECMA-48 5.4). */
  function skipped(char: string): boolean {
    if (escape === "started") {
      escape = char === "[" || char === "O" ? "sequence" : "no";
      return true;
    }
    if (escape === "sequence") {
      if (char >= "@" && char <= "~") escape = "no";
      return true;
    }
    if (char === "\x1b") escape = "started";
    return char === "\x1b";
  }

  function take(char: string): void {
    if (skipped(char)) return;
    const wasReturn = afterReturn;
    afterReturn = char === "\r";
    if (char === "\n" && wasReturn) return;
    if (char === "\r" || char === "\n") {
      echo("\r\n");
      finish({ kind: "line", text: line.join("").trim() });
    } else if (char === "\x7f" || char === "\b") erase(1);
    else if (char === "\x15") erase(line.length);
    else if (char === "\x17") erase(lastWord(line));
    else if (char === "\x03") {
      echo("^C\r\n");
      finish({ kind: "cancel" });
    } else if (char === "\x04") {
      if (line.length === 0) finish({ kind: "leave" });
    } else if (char >= " " && line.length < LONGEST) {
      line.push(char);
      echo(char);
    }
  }

  return {
    feed(bytes) {
      ahead.push(...Array.from(decoder.decode(bytes, { stream: true })).slice(0, AHEAD - ahead.length));
      work();
    },
    rest() {
      const typed = Buffer.from(ahead.join(""));
      ahead = [];
      return typed;
    },
    next() {
      return new Promise((resolve) => {
        waiting = resolve;
        work();
      });
    },
    end() {
      over = true;
      work();
    },
  };
}

function lastWord(line: readonly string[]): number {
  const text = line.join("").trimEnd();
  return line.length - Array.from(text.slice(0, text.lastIndexOf(" ") + 1)).length;
}

/** Cells that a character takes: two for East Asian wide ones, by block. */
const width = (char: string): number =>
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/.test(char) ? 2 : 1;

/** The text cut or filled to so many cells. */
export function fit(text: string, cells: number): string {
  let used = 0;
  let kept = "";
  for (const char of text) {
    if (used + width(char) > cells) break;
    kept += char;
    used += width(char);
  }
  return kept + " ".repeat(cells - used);
}
