import type { Logger } from "pino";
import { Fault } from "../core/index.ts";
import { dataPaths } from "./data.ts";
import { createLog } from "./log.ts";
import type { FromChild, Role, Settings, ToChild } from "./messages.ts";

/** What a role is after its start. */
export interface Running {
  readonly ready: Extract<FromChild, { kind: "ready" }>;
  message(message: ToChild, socket: unknown): void;
  /** Ends in good order. */
  stop(): Promise<void>;
  /** The program is gone; resolve when this process may go too. */
  orphaned(): Promise<void>;
}

export type Tell = (message: FromChild) => void;

const START_MS = 10_000;

/** Runs one role in this process: waits for its settings, starts it, passes messages on, ends with it. */
export async function serveRole(
  role: Role,
  start: (deps: { settings: Settings; log: Logger; tell: Tell }) => Promise<Running>,
): Promise<void> {
  const tell: Tell = (message) => void (process.connected && process.send?.(message, () => {}));
  if (!process.connected) {
    process.stderr.write("This part of the program is started by the program itself: npm start\n");
    process.exit(1);
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  const orphaned = Promise.withResolvers<void>();
  process.once("disconnect", () => orphaned.resolve());
  const settings = await firstMessage();
  const { level, format } = settings.config.log;
  const name = role === "api" ? role : `${role}-${settings.slot}`;
  const log = createLog({ name, level, format, directory: dataPaths(settings.config.data).log });
  process.on("uncaughtException", (error) => {
    log.fatal({ reason: error.message, stack: error.stack }, "the process ends after an error nobody expected");
    process.exit(1);
  });
  let running: Running;
  try {
    running = await start({ settings, log, tell });
  } catch (error) {
    log.fatal({ reason: (error as Error).message, stack: (error as Error).stack }, "start failed");
    const message =
      error instanceof Fault ? error.message : `The ${role} process could not start: ${(error as Error).message}`;
    process.send?.({ kind: "failed", message } satisfies FromChild, () => process.exit(1));
    return;
  }
  process.on("message", (message: ToChild, socket: unknown) => {
    if (message.kind === "stop") void running.stop().finally(() => process.exit(0));
    else running.message(message, socket);
  });
  tell(running.ready);
  log.info({ pid: process.pid }, "ready");
  await orphaned.promise;
  log.warn("the program is gone");
  await running.orphaned();
  process.exit(0);
}

function firstMessage(): Promise<Settings> {
  const late = setTimeout(() => process.exit(1), START_MS);
  return new Promise((resolve) => {
    process.once("message", (message: ToChild) => {
      clearTimeout(late);
      if (message.kind === "start") resolve(message.settings);
      else process.exit(1);
    });
  });
}
