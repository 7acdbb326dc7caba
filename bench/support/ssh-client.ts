import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

const LONGEST_MS = 120_000;

/** Runs `ssh` with a shell pipe around it and returns the seconds it took; throws when it fails. */
export function timeSsh(args: readonly string[], command: string, pipe: { from?: string } = {}): Promise<number> {
  const ssh = ["ssh", "-T", ...args, command].map(quoted).join(" ");
  const line = `${pipe.from ? `${pipe.from} | ` : ""}${ssh} > /dev/null`;
  const started = performance.now();
  const child = spawn("/bin/sh", ["-c", line], { stdio: ["ignore", "ignore", "inherit"], timeout: LONGEST_MS });
  return new Promise((resolve, reject) =>
    child.once("close", (code) =>
      code === 0 ? resolve((performance.now() - started) / 1000) : reject(new Error(`ssh ended with ${code}`)),
    ),
  );
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Until a bulk stream surely flows. */
const FLOWS_MS = 1500;

/** A bulk stream that flows already and runs until it is stopped; nobody in this process reads it. */
export async function startBulk(args: readonly string[]): Promise<{ stop(): void }> {
  const child = spawn("ssh", ["-T", ...args, "cat /dev/zero"], { stdio: "ignore" });
  await new Promise((resolve) => setTimeout(resolve, FLOWS_MS));
  return { stop: () => void child.kill("SIGKILL") };
}

/** Round trips of single keystrokes through a terminal, in ms. */
export async function echoTimes(args: readonly string[], strokes: number): Promise<number[]> {
  const child = spawn("ssh", ["-tt", ...args, "stty raw -echo; printf READY; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  try {
    await read(child, "READY".length);
    const times: number[] = [];
    for (let stroke = 0; stroke < strokes; stroke += 1) {
      const started = performance.now();
      child.stdin.write("x");
      await read(child, 1);
      times.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return times;
  } finally {
    child.kill("SIGKILL");
  }
}

function read(child: ChildProcessByStdio<Writable, Readable, null>, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    const timer = setTimeout(() => reject(new Error("no echo within 10 s")), 10_000);
    const take = (chunk: Buffer): void => {
      seen += chunk.length;
      if (seen < bytes) return;
      clearTimeout(timer);
      child.stdout.off("data", take);
      resolve();
    };
    child.stdout.on("data", take);
  });
}
