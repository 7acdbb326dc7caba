import type { relay } from "../../protocols/index.ts";

/** The person's end of a session: an SSH channel or a browser's terminal. */
export type ClientEnd = Omit<Parameters<typeof relay>[0]["client"], "exit"> & {
  /** A line for the person, beside the stream. */
  notice(text: string): void;
  /** Resolves when the person's end is over, whether or not anybody listens. */
  readonly closed: Promise<unknown>;
  /** Whether it went without a word. */
  isLost(): boolean;
};

/** Words from anybody as one line for a terminal: nothing in them moves the cursor, colours or asks. */
export const asLine = (words: string): string => words.replace(/\s+/gu, " ").replace(/[\p{Cc}\p{Cf}]/gu, "");
