import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { newId, type Runtime } from "../../core/index.ts";
import { type Assets, type LiveRequest, standings } from "../../assets/index.ts";
import type { Database, Db, Listening, Sealer } from "../../db/index.ts";
import type { Iam } from "../../iam/index.ts";
import { BLIND, BLIND_MS, createLiveSessions, type EndCause } from "../control/live-sessions.ts";
import { createVisitors } from "../control/visitors.ts";
import { beat, enterGateway, leaveGateway, ordersFor, strayedSessions } from "../live/gateway.store.ts";
import { endOrphans } from "../live/housekeeping.ts";
import { type RuledRequest, type RuledStanding, withAccessRules } from "../live/ruled.ts";
import { TERMINATE } from "../live/session.ts";
import { createRecorder } from "../recorder/recorder.ts";
import type { Patience } from "./run-session.ts";
import { type Arrival, createSshGateway } from "./ssh/ssh-gateway.ts";
import { createTerminalServer } from "./terminal/terminal-server.ts";

/** What a gateway needs. */
export interface GatewayOptions {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly iam: Iam;
  readonly assets: Assets;
  readonly sealer: Sealer;
  /** OpenSSH private keys of the gate itself. */
  readonly hostKeys: readonly string[];
  /** Recordings are written here first. */
  readonly spoolDirectory: string;
  /** Private directory for the Unix socket of web terminals. */
  readonly runDirectory: string;
  readonly patience: Patience;
  readonly failed: (error: unknown) => void;
}

/** The gateway of one process. */
export interface Gateway {
  readonly id: string;
  /** Enters the gateway's row, listens for signals and on its Unix socket. */
  start(): Promise<void>;
  /** Serves an SSH client's socket; `signedIn` is called once its person is known. */
  accept(socket: Socket, told: Arrival): void;
  load(): { sessions: number; bytesPerSecond: number };
  /** Takes no new web terminals; SSH sockets are no longer passed to it. */
  drain(): Promise<void>;
  /** Ends every session, closes recordings, leaves. */
  stop(): Promise<void>;
}

const BEAT_MS = 2000;
const RECHECK_MS = 30_000;
const STOPPED: EndCause = {
  reason: "gateway_stopped",
  detail: "The gate is shutting down. Connect again in a moment.",
};

/** What permission rules and access rules say of live sessions. */
const askAgain = async (
  db: Db,
  requests: readonly (LiveRequest & RuledRequest)[],
  now: Date,
): Promise<RuledStanding[]> => withAccessRules(db, requests, await standings(db, requests, now), now);

/** One gateway: SSH sessions, web terminals and watchers of one process. */
export function createGateway(options: GatewayOptions): Gateway {
  const { database, runtime, iam, assets, failed } = options;
  const id = newId();
  const address = join(options.runDirectory, `gateway-${id.slice(-12)}.sock`);
  const meter = createMeter();
  const visitors = createVisitors(iam.stillPresent);
  const live = createLiveSessions({ ask: (requests) => askAgain(database.db, requests, runtime.now()), failed });
  const recorder = createRecorder({ spoolDirectory: options.spoolDirectory, sealer: options.sealer });
  const { patience } = options;
  const attended = createAttendance(iam.keepSessionInUse, failed);
  const sessionDeps = {
    attended,
    runtime,
    patience,
    visitors,
    assets,
    recorder,
    live,
    gatewayId: id,
    failed,
    meter: meter.add,
  };
  const terminals: Server = createTerminalServer(sessionDeps);
  let arriving: Arrival | null = null;
  const ssh = createSshGateway({
    ...sessionDeps,
    iam,
    hostKeys: options.hostKeys,
    arriving: () => arriving,
  });
  let listening: Listening | undefined;
  let beating: NodeJS.Timeout | undefined;
  let seen = Date.now();
  let rechecked = seen;

  /** Ends the sessions no rule covers any more, and shows those out who may not stay. */
  async function recheck(): Promise<void> {
    await live.recheck();
    await visitors.recheck();
  }

  /** Carries out what was decided elsewhere about sessions of this gateway. */
  async function obey(): Promise<void> {
    for (const order of await ordersFor(database.db, live.ids())) {
      const cause: EndCause = order.ended
        ? { reason: "gateway_lost", detail: "The session was given up while its gateway did not answer." }
        : { reason: "terminated", detail: order.words };
      void live.get(order.id)?.end(cause).catch(failed);
    }
  }

  const notified = (channel: string): void => void (channel === TERMINATE ? obey() : recheck()).catch(failed);

  async function sign(): Promise<void> {
    try {
      if (!(await beat(database.db, id))) await enterGateway(database.db, { id, address, pid: process.pid });
      seen = Date.now();
      await obey();
      if (Date.now() - rechecked > RECHECK_MS) {
        rechecked = Date.now();
        await visitors.recheck();
      }
      // Ends that could not be written while the database was away.
      await endOrphans(
        runtime,
        await strayedSessions(database.db, id, live.ids()),
        "Its end could not be written in time.",
      );
    } catch (error) {
      failed(error);
      if (Date.now() - seen > BLIND_MS) await live.endAll(BLIND);
    }
  }

  async function closeDoors(): Promise<void> {
    terminals.close();
    await rm(address, { force: true });
  }

  return {
    id,
    async start() {
      listening = await database.listen(["access_changed", TERMINATE], {
        notified,
        reconnected: () => void Promise.all([recheck(), obey()]).catch(failed),
        failed,
      });
      await new Promise<void>((resolve, reject) => {
        terminals.once("error", reject);
        terminals.listen(address, resolve);
      });
      terminals.on("error", failed);
      await enterGateway(database.db, { id, address, pid: process.pid });
      beating = setInterval(() => void sign(), BEAT_MS);
    },
    accept(socket, told) {
      arriving = told;
      try {
        ssh.accept(socket);
      } finally {
        arriving = null;
      }
    },
    load: () => ({ sessions: Math.max(live.size, ssh.connections), bytesPerSecond: meter.rate() }),
    drain: closeDoors,
    async stop() {
      clearInterval(beating);
      await closeDoors();
      await live.endAll(STOPPED);
      live.stop();
      await ssh.close(STOPPED.detail ?? undefined);
      await listening?.close();
      await leaveGateway(database.db, id).catch(failed);
    },
  };
}

const NOTED_MS = 60_000;

/** Tells of each console session in use, at most once a minute. */
function createAttendance(keep: (signInId: string) => Promise<void>, failed: (error: unknown) => void) {
  const noted = new Map<string, number>();
  return (signInId: string): void => {
    const now = performance.now();
    if (now - (noted.get(signInId) ?? -NOTED_MS) < NOTED_MS) return;
    for (const [id, at] of noted) if (now - at >= NOTED_MS) noted.delete(id);
    noted.set(signInId, now);
    void keep(signInId).catch(failed);
  };
}

/** Bytes per second over the last quarter of a second or so. */
function createMeter(): { add(bytes: number): void; rate(): number } {
  let bytes = 0;
  let since = performance.now();
  return {
    add(count) {
      bytes += count;
    },
    rate() {
      const now = performance.now();
      const rate = (bytes * 1000) / Math.max(1, now - since);
      bytes = 0;
      since = now;
      return Math.round(rate);
    },
  };
}
