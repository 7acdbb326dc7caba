import { parseArgs, type ParseArgsConfig } from "node:util";
import { Fault } from "../core/index.ts";
import type { Config } from "../config.ts";

/** How a command ended: what was checked is good (or the work is done), is not good, or could not be checked. */
export const EXIT = { good: 0, bad: 1, unable: 2 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

type Options = NonNullable<ParseArgsConfig["options"]>;

/** One subcommand: a file in commands/ and a line in its list. */
export interface Command {
  /** The words that call it, such as "audit verify". */
  readonly name: string;
  /** What follows the words, for the help; "" for nothing. */
  readonly usage: string;
  /** One sentence. */
  readonly summary: string;
  /** Longer help, one line per option of its own. */
  readonly details?: readonly string[];
  readonly options: Options;
  /** How many words may follow: exactly. */
  readonly operands: number;
  run(call: Call): Promise<Exit>;
}

export interface Call {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly operands: readonly string[];
  /** `--data`, `--database` and the environment. */
  readonly config: Config;
  /** The Unix socket of the ssh-agent; null: there is none. */
  readonly agentSocket: string | null;
  readonly print: (line: string) => void;
  /** For remarks beside the result: standard error. */
  readonly remark: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

const COMMON = {
  data: { type: "string" },
  database: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Splits the words of a command; Fault `invalid`, naming the command's usage, when they do not fit. */
export function parseWords(command: Command, args: readonly string[]): Pick<Call, "values" | "operands"> {
  try {
    const options: Options = { ...COMMON, ...command.options };
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const fits = positionals.length === command.operands || values.help === true;
    if (!fits) throw new TypeError(positionals.length < command.operands ? "Something is missing." : "Too many words.");
    return { values: values as Call["values"], operands: positionals };
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0]!.replace(/ To specify a positional.*/, "");
    throw new Fault("invalid", `${reason}\nUsage: ${usageOf(command)}\nMore: sallyport help`);
  }
}

export const usageOf = ({ name, usage }: Pick<Command, "name" | "usage">): string =>
  `sallyport ${name} ${usage}`.trimEnd();

/** The text of an option; undefined when it is not given. */
export function textOf(call: Call, name: string): string | undefined {
  const value = call.values[name];
  return typeof value === "string" ? value : undefined;
}
