import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import { loggable } from "../http/faults.ts";

const LONGEST_BYTES = 10 << 20;
const KEPT = 5;

/** Never written, whatever somebody passes: the names under which secrets travel. */
const REDACTED = ["password", "token", "secret", "key", "passphrase", "cookie", "authorization", "masterKey"];

/** A JSON log: to `<directory>/<name>.log` (10 MiB, five older ones kept), or to standard output. */
export function createLog(deps: {
  readonly name: string;
  readonly level: string;
  readonly format: "files" | "json";
  readonly directory: string;
}): Logger {
  const paths = REDACTED.flatMap((field) => [field, `*.${field}`]);
  const options = {
    name: deps.name,
    level: deps.level,
    redact: { paths, censor: "[hidden]" },
    serializers: { err: loggable },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return deps.format === "json"
    ? pino(options)
    : pino(options, createRotatingFile(join(deps.directory, `${deps.name}.log`)));
}

/** Appends lines to a file that is moved aside when it is full. A disk that takes no more loses lines, never the process. */
export function createRotatingFile(path: string, longest = LONGEST_BYTES, kept = KEPT): { write(line: string): void } {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  let file = openSync(path, "a", 0o600);
  let size = fstatSync(file).size;

  function rotate(): void {
    closeSync(file);
    rmSync(`${path}.${kept}`, { force: true });
    for (let age = kept - 1; age >= 0; age--) move(age === 0 ? path : `${path}.${age}`, `${path}.${age + 1}`);
    file = openSync(path, "a", 0o600);
    size = fstatSync(file).size;
  }

  return {
    write(line) {
      try {
        if (size >= longest) rotate();
        size += writeSync(file, line);
      } catch {
        // Nowhere left to say it.
      }
    },
  };
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
