import { Fault } from "../core/index.ts";
import { readConfig } from "../config.ts";
import { type Command, EXIT, type Exit, parseWords, textOf, usageOf } from "./command.ts";
import { commands } from "./commands/index.ts";

async function main(args: readonly string[]): Promise<Exit> {
  const command = find(args);
  if (!command) return help(args);
  const words = parseWords(command, args.slice(command.name.split(" ").length));
  if (words.values.help) {
    print([`Usage: ${usageOf(command)}`, "", `  ${command.summary}`, "", ...described(command)].join("\n"));
    return EXIT.good;
  }
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Fault("unavailable", "Interrupted.")));
  process.once("SIGTERM", () => stop.abort(new Fault("unavailable", "Interrupted.")));
  const agentSocket = process.env.SSH_AUTH_SOCK || null;
  const call = { ...words, agentSocket, print, remark, signal: stop.signal };
  const given = (["data", "database"] as const).flatMap((name) => {
    const value = textOf({ ...call, config: undefined as never }, name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  return command.run({ ...call, config: readConfig(given, process.env) });
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const remark = (line: string): void => void process.stderr.write(`${line}\n`);

const find = (args: readonly string[]): Command | undefined =>
  commands.find(({ name }) => name.split(" ").every((word, place) => args[place] === word));

function help(args: readonly string[]): Exit {
  const asked = args.length === 0 || ["help", "--help", "-h"].includes(args[0]!);
  if (asked && args.length < 2) {
    print(helpText());
    return EXIT.good;
  }
  const near = commands.filter(({ name }) => name.startsWith(`${args[0]} `));
  const known = near.length > 0 ? near : commands;
  remark(
    `Unknown command: ${args.slice(0, 2).join(" ")}\n${known.map((command) => `  ${usageOf(command)}`).join("\n")}`,
  );
  return EXIT.unable;
}

function helpText(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    "Usage: sallyport COMMAND [options]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    `  ${"help".padEnd(width)}this page; COMMAND --help tells more`,
    "",
    "  --data DIRECTORY     where the installation keeps everything (./data)",
    "  --database URL       its PostgreSQL server, unless it uses the embedded one",
    "",
    "Exit codes: 0 good, 1 not good, 2 could not be checked.",
    "The program itself is started with: npm start",
  ].join("\n");
}

const described = ({ details = [] }: Command): string[] => [
  ...details.map((line) => `  ${line}`),
  "  --data DIRECTORY     where the installation keeps everything (./data)",
  "  --database URL       its PostgreSQL server, unless it uses the embedded one",
];

/** What an error says to the person at the shell: the first line, no stack. */
function told(error: unknown): string {
  if (error instanceof Fault) return error.message;
  const { code, message } = error as { code?: string; message?: string };
  if (code === "42P01") return "The database holds no audit trail: it was not made by this program.";
  return message ? message.split("\n")[0]! : String(error);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  remark(told(error));
  process.exitCode = EXIT.unable;
}
