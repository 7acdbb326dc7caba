import { createServer, type Socket } from "node:net";
import type { Logger } from "pino";
import type { Listen } from "../config.ts";
import { createNetworks, networkOf } from "../core/index.ts";
import type { Child } from "./child.ts";
import type { Via } from "./messages.ts";
import { portFault } from "./ports.ts";
import { readHeader } from "./proxy-header.ts";

const MOST_WAITING = 2_000;
const SIGN_IN_MS = 120_000;
const MINUTE_MS = 60_000;
const MOST_ADDRESSES = 100_000;

/** What the door knows of a gateway. */
export interface Behind {
  readonly child: Child;
  sessions: number;
  bytesPerSecond: number;
  failedSignIns: number;
  lag: number;
  /** Connections handed over that are not signed in yet, by their number. */
  readonly waiting: Map<number, Waiting>;
}

interface Waiting {
  /** What its address counts as. */
  readonly from: string;
  readonly timer: NodeJS.Timeout;
}

export interface SshDoor {
  readonly port: number;
  /** A connection was signed in or closed: it does not count as waiting any more. False: it was not waiting. */
  settled(gateway: Behind, id: number): boolean;
  /** The process behind died: everything it held is gone. */
  forget(gateway: Behind): void;
  close(): Promise<void>;
}

/**
 * Takes SSH connections and hands each, unread, to the gateway with the least load: sessions, and bytes per second. A
 * connection that nobody can take is closed at once. An address (IPv6: its /64) may hold `perAddress` connections that are
 * not signed in and open `perMinute`; loopback is limited only by the 2,000 of all, for port forwarders come from there.
 */
export async function openSshDoor(deps: {
  readonly at: Listen;
  readonly perAddress: number;
  readonly perMinute: number;
  /** Networks of proxies that begin each connection with a PROXY protocol header; nobody else does. */
  readonly proxies?: readonly string[];
  readonly gateways: readonly Behind[];
  readonly log: Logger;
}): Promise<SshDoor> {
  const { gateways, log } = deps;
  const isLocal = createNetworks(["127.0.0.0/8", "::1/128", "::ffff:127.0.0.0/104"]);
  const perAddress = new Map<string, number>();
  const opened = countPerMinute();
  const isProxy = createNetworks(deps.proxies ?? []);
  let waiting = 0;
  let reading = 0;
  let serial = 0;

  function settled(gateway: Behind, id: number): boolean {
    const found = gateway.waiting.get(id);
    if (!found) return false;
    clearTimeout(found.timer);
    gateway.waiting.delete(id);
    waiting--;
    const left = (perAddress.get(found.from) ?? 1) - 1;
    if (left > 0) perAddress.set(found.from, left);
    else perAddress.delete(found.from);
    return true;
  }

  function arrived(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const peer = bare(socket.remoteAddress ?? "");
    if (!isProxy(peer)) return accept(socket, peer);
    if (reading >= MOST_WAITING) return void socket.destroy();
    reading++;
    readHeader(socket, ({ refused, address, head }) => {
      reading--;
      if (refused === null) return accept(socket, address ?? peer, { address: address ?? peer, head });
      log.warn({ proxy: peer, reason: refused }, "ssh connection refused");
      socket.destroy();
    });
  }

  function accept(socket: Socket, address: string, via?: Via): void {
    const from = networkOf(address);
    const held = perAddress.get(from) ?? 0;
    const lately = isLocal(address) ? 0 : opened(from);
    const gateway = leastBusy(gateways);
    const tooMany = !isLocal(address) && (held >= deps.perAddress || lately > deps.perMinute);
    if (!gateway || waiting >= MOST_WAITING || tooMany) {
      // Whoever keeps knocking fills no log.
      const level = lately > deps.perMinute + 1 ? "debug" : "warn";
      log[level]({ address, held, lately, waiting, gateways: gateway ? "ready" : "none" }, "ssh connection refused");
      return void socket.destroy();
    }
    const id = ++serial;
    const timer = setTimeout(() => void settled(gateway, id), SIGN_IN_MS).unref();
    gateway.waiting.set(id, { from, timer });
    perAddress.set(from, held + 1);
    waiting++;
    const lost = (): void => {
      settled(gateway, id);
      socket.destroy();
    };
    if (!gateway.child.send({ kind: "connection", id, ...(via && { via }) }, socket, (error) => error && lost()))
      lost();
  }

  const server = createServer(
    { pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 },
    arrived,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(portFault(error, deps.at, "ssh")));
    server.listen({ ...deps.at, backlog: 1024 }, resolve);
  });
  server.on("error", (error) => log.error({ reason: error.message }, "ssh listener"));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound ? bound.port : deps.at.port,
    settled,
    forget(gateway) {
      for (const id of gateway.waiting.keys()) settled(gateway, id);
      gateway.sessions = 0;
      gateway.bytesPerSecond = 0;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const bare = (address: string): string => address.replace(/%.*$/s, "").replace(/^::ffff:(?=\d+\.)/i, "");

/** Counts and tells how often somebody came in this minute. */
function countPerMinute(): (who: string) => number {
  const counts = new Map<string, number>();
  let since = performance.now();
  return (who) => {
    const isOver = performance.now() - since > MINUTE_MS;
    if (isOver || counts.size >= MOST_ADDRESSES) {
      counts.clear();
      since = performance.now();
    }
    const count = (counts.get(who) ?? 0) + 1;
    counts.set(who, count);
    return count;
  };
}

function leastBusy(gateways: readonly Behind[]): Behind | undefined {
  let best: Behind | undefined;
  for (const gateway of gateways) {
    if (gateway.child.live && (!best || compare(gateway, best) < 0)) best = gateway;
  }
  return best;
}

/** One session, or so many bytes per second, weigh alike: who types must not wait behind somebody's bulk transfer. */
const BYTES_LIKE_A_SESSION = 2_000_000;

const load = ({ sessions, waiting, bytesPerSecond }: Behind): number =>
  sessions + waiting.size + bytesPerSecond / BYTES_LIKE_A_SESSION;

const compare = (a: Behind, b: Behind): number => load(a) - load(b);
