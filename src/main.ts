import { type Config, readConfig, usage } from "./config.ts";
import { serveRole } from "./processes/role.ts";
import { mainFile, type Program, startProgram, wordsOf } from "./processes/supervisor.ts";

const STOP_MS = 15_000;
const [role] = process.argv.slice(2);

if (role === "api") await serveRole(role, (await import("./processes/api.ts")).startApi);
else if (role === "gateway") await serveRole(role, (await import("./processes/gateway.ts")).startGateway);
else await supervise(process.argv.slice(2));

async function supervise(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help")) return void process.stdout.write(`${usage()}\n`);
  const ending = new AbortController();
  let program: Program | undefined;

  function end(): void {
    if (ending.signal.aborted) {
      program?.kill();
      process.exit(1);
    }
    ending.abort(new Error("Stopped"));
    if (program) void stop(program);
  }

  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  process.on("SIGHUP", () => program?.reload());
  try {
    const config = readConfig(argv, process.env);
    program = await startProgram({
      config,
      program: mainFile,
      environment: process.env,
      say: speaker(config),
      signal: ending.signal,
    });
  } catch (error) {
    if (!ending.signal.aborted) process.stderr.write(`${wordsOf(error)}\n`);
    process.exit(ending.signal.aborted ? 0 : 1);
  }
  if (ending.signal.aborted) await stop(program);
}

async function stop(program: Program): Promise<void> {
  const late = setTimeout(() => {
    program.kill();
    process.exit(1);
  }, STOP_MS);
  await program.stop().finally(() => clearTimeout(late));
  process.exit(0);
}

/** With JSON logs standard output is theirs; people read the other. */
function speaker(config: Config): (text: string) => void {
  const stream = config.log.format === "json" ? process.stderr : process.stdout;
  return (text) => void stream.write(`${text}\n`);
}
