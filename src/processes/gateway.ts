import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import type { Logger } from "pino";
import { createDomains } from "./domains.ts";
import { watchLag } from "./lag.ts";
import type { Settings, ToChild } from "./messages.ts";
import type { Running, Tell } from "./role.ts";
import { type GatewayDoor, openGateway } from "./gateway-door.ts";
import { createStepBack } from "./step-back.ts";

const LOAD_MS = 250;
const ORPHAN_MS = 600_000;
const DATABASE_AWAY_MS = 30_000;
const DATABASE_LOOK_MS = 3_000;

/** The role `gateway`: the SSH sessions, web terminals and watchers of one process. */
export async function startGateway({
  settings,
  log,
  tell,
}: {
  settings: Settings;
  log: Logger;
  tell: Tell;
}): Promise<Running> {
  const domains = await createDomains({ settings, log, connections: 10, signingKey: null });
  const following = await domains.platform.follow();
  const gateway = await openGateway({ domains, run: settings.run });
  await gateway.start();
  const lag = watchLag();
  const stepBack = createStepBack();
  let told = 0;
  const report = setInterval(() => {
    const failed = domains.failedSignIns();
    const load = gateway.load();
    stepBack(load.bytesPerSecond);
    tell({ kind: "load", ...load, failedSignIns: failed - told, lag: lag.read() });
    told = failed;
  }, LOAD_MS);

  async function stop(): Promise<void> {
    clearInterval(report);
    lag.stop();
    await gateway.stop();
    await following.stop();
    await domains.database.close();
  }

  return {
    ready: { kind: "ready", port: null, setupToken: null },
    message(message, socket) {
      if (message.kind === "connection") accept(gateway, message, socket, tell);
    },
    stop,
    async orphaned() {
      clearInterval(report);
      await gateway.drain();
      const until = Date.now() + ORPHAN_MS;
      const isAway = databaseWatch(() => sql`select 1`.execute(domains.database.db));
      while (Date.now() < until && gateway.load().sessions > 0 && !(await isAway())) await pause(DATABASE_LOOK_MS);
      await Promise.race([stop(), pause(10_000)]);
    },
  };
}

type Connection = Extract<ToChild, { kind: "connection" }>;

/** The client may be gone before its socket arrives here. */
function accept(gateway: GatewayDoor, { id, via }: Connection, socket: unknown, tell: Tell): void {
  if (!(socket instanceof Socket)) return tell({ kind: "closed", id });
  socket.on("error", () => socket.destroy());
  socket.once("close", () => tell({ kind: "closed", id }));
  if (via?.head) socket.unshift(Buffer.from(via.head, "base64"));
  gateway.accept(socket, { address: via?.address ?? null, signedIn: () => tell({ kind: "signed-in", id }) });
}

/** Whether the database has not answered for 30 seconds. */
function databaseWatch(ask: () => Promise<unknown>): () => Promise<boolean> {
  let answered = Date.now();
  return async () => {
    const done = await Promise.race([ask().then(() => true), pause(2_000, false)]).catch(() => false);
    if (done) answered = Date.now();
    return Date.now() - answered > DATABASE_AWAY_MS;
  };
}
