import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Logger } from "pino";
import { ANSWERING, Fault } from "../core/index.ts";
import type { FromChild, Role, Settings, ToChild } from "./messages.ts";

const PAUSES_MS = [250, 500, 1_000, 2_000, 5_000, 10_000] as const;
const CALM_MS = 60_000;
const READY_MS = 60_000;

/** A process that is kept running. */
export interface Child {
  readonly role: Role;
  /** The process that is ready now. */
  readonly live: boolean;
  readonly pid: number | undefined;
  /** Resolves with the first `ready`; rejects with the child's own words when it cannot start at all. */
  readonly started: Promise<Extract<FromChild, { kind: "ready" }>>;
  /** False when the process cannot take it now. `sent` hears whether it went through. */
  send(message: ToChild, socket?: Socket, sent?: (error: Error | null) => void): boolean;
  /** Asks it to end; kills it after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

/**
 * Keeps one process of a role running: starts it, and starts it again when it dies, after 0.25 to 10 seconds. What it
 * prints by accident goes to crash.log, so that it does not depend on this process.
 */
export function keepChild(deps: {
  readonly role: Role;
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  settings(first: boolean): Settings;
  message(message: FromChild): void;
  /** It became ready, or died. */
  changed(): void;
  readonly log: Logger;
}): Child {
  const { role, log } = deps;
  const started = Promise.withResolvers<Extract<FromChild, { kind: "ready" }>>();
  started.promise.catch(() => {});
  let current: ChildProcess | undefined;
  let live = false;
  let stopping = false;
  let everReady = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let gone = Promise.resolve();

  function start(): void {
    const since = Date.now();
    const settings = deps.settings(!everReady);
    const child = spawnChild(deps, settings);
    current = child;
    const late = setTimeout(() => child.kill("SIGKILL"), READY_MS);
    const left = Promise.withResolvers<void>();
    gone = left.promise;
    child.on("message", (message: FromChild) => {
      if (message.kind === "ready") {
        clearTimeout(late);
        live = true;
        everReady = true;
        started.resolve(message);
        deps.changed();
      } else if (message.kind === "failed" && !everReady) {
        started.reject(new Fault("unavailable", message.message));
      }
      deps.message(message);
    });
    child.on("error", (error) => log.error({ role, reason: error.message }, "process error"));
    child.on("exit", (code, signal) => {
      clearTimeout(late);
      live = false;
      left.resolve();
      deps.changed();
      if (stopping) return;
      started.reject(
        new Fault("unavailable", `The ${role} process ended while it started (${signal ?? code}); see the log.`),
      );
      if (!everReady) return;
      if (Date.now() - since > CALM_MS) failures = 0;
      const pause = PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]!;
      log.error({ role, slot: settings.slot, pid: child.pid, code, signal, pause }, "process ended; starting it again");
      timer = setTimeout(start, pause);
    });
    child.send({ kind: "start", settings } satisfies ToChild, () => {});
  }

  start();
  return {
    role,
    get live() {
      return live;
    },
    get pid() {
      return current?.pid;
    },
    started: started.promise,
    send(message, socket, sent) {
      if (!current?.connected || (socket && !live)) return false;
      current.send(message, socket, { keepOpen: false }, (error) => sent?.(error));
      return true;
    },
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      if (current?.connected) current.send({ kind: "stop" } satisfies ToChild, () => {});
      const cut = setTimeout(() => current?.kill("SIGKILL"), graceMs);
      await gone;
      clearTimeout(cut);
    },
    kill() {
      stopping = true;
      clearTimeout(timer);
      current?.kill("SIGKILL");
    },
  };
}

function spawnChild(
  deps: {
    readonly role: Role;
    readonly program: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
  settings: Settings,
): ChildProcess {
  const env = Object.fromEntries(Object.entries(deps.environment).filter(([name]) => !name.startsWith("SALLYPORT_")));
  const files = settings.config.log.format === "files";
  const crash = files ? openSync(join(settings.config.data, "log", "crash.log"), "a", 0o600) : 2;
  try {
    return fork(deps.program, [deps.role], {
      env,
      execArgv: [...process.execArgv, ...(deps.role === "api" ? ANSWERING : [])],
      stdio: ["ignore", files ? "ignore" : 1, crash, "ipc"],
    });
  } finally {
    if (files) closeSync(crash);
  }
}
