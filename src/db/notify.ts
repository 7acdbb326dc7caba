import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { Client, type ClientConfig } from "pg";
import type { Db } from "./handle.ts";

/** What is told of signals; what it throws goes to its own `failed`. */
export interface Listener {
  /** One signal; `payload` is what the sender gave to `notify`, unchecked. */
  notified(channel: string, payload: unknown): void;
  /** The connection was lost and is back: signals may have been missed, so read the state again. */
  reconnected?(): void;
  /** Told why a connection was lost or a handler threw. */
  failed?(error: unknown): void;
}

/** A LISTEN that stands; whoever made it closes it. */
export interface Listening {
  /** Whether signals arrive at this moment. */
  readonly connected: boolean;
  close(): Promise<void>;
}

const MAX_PAYLOAD_BYTES = 7900;
const HEARTBEAT_MS = 10_000;
const HEARTBEAT_TIMEOUT_MS = 5_000;
const RETRY_MS = [100, 250, 500, 1000, 2000, 5000] as const;

/**
 * Sends a small signal to every listening process; inside a transaction it leaves with the commit. No secrets: any
 * role of the database may listen. Throws RangeError when the payload takes more than 7,900 bytes as JSON.
 */
export async function notify(db: Db, channel: string, payload: unknown): Promise<void> {
  const text = JSON.stringify(payload ?? null);
  if (Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) throw new RangeError(`The signal on ${channel} is too long`);
  await sql`select pg_notify(${checkedChannel(channel)}, ${text})`.execute(db);
}

function checkedChannel(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`Not a channel name: ${name}`);
  return name;
}

/**
 * Listens on a connection of its own. Resolves when the first LISTEN stands, rejects when that fails; from then on
 * it reconnects by itself (after 0.1 to 5 s) and says so through `reconnected`. A silent connection is found by a
 * heartbeat within 15 s.
 */
export async function listen(deps: {
  readonly config: ClientConfig;
  readonly channels: readonly string[];
  readonly listener: Listener;
}): Promise<Listening> {
  const { config, listener } = deps;
  const statement = deps.channels.map((channel) => `LISTEN ${checkedChannel(channel)}`).join("; ");
  const stop = new AbortController();
  let client: Client | undefined;

  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      listener.failed?.(error);
    }
  };

  async function connect(): Promise<{ readonly lost: Promise<unknown> }> {
    const fresh = new Client(config);
    const lost = new Promise<unknown>((resolve) => fresh.once("error", resolve).once("end", () => resolve(undefined)));
    fresh.on("error", () => {});
    fresh.on("notification", ({ channel, payload }) => guarded(() => listener.notified(channel, parse(payload))));
    try {
      await fresh.connect();
      await bounded(fresh.query(statement), HEARTBEAT_TIMEOUT_MS);
    } catch (error) {
      drop(fresh);
      throw error;
    }
    client = fresh;
    return { lost };
  }

  async function keep(connection: { readonly lost: Promise<unknown> }): Promise<void> {
    let current = connection;
    while (!stop.signal.aborted) {
      const reason = await whenDead(client!, current.lost, stop.signal);
      drop(client!);
      client = undefined;
      if (stop.signal.aborted) return;
      guarded(() => listener.failed?.(reason));
      const next = await reconnect();
      if (!next) return;
      current = next;
      guarded(() => listener.reconnected?.());
    }
  }

  async function reconnect(): Promise<{ readonly lost: Promise<unknown> } | undefined> {
    for (let attempt = 0; !stop.signal.aborted; attempt++) {
      const delay = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!;
      await pause(delay, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
      try {
        return await connect();
      } catch (error) {
        guarded(() => listener.failed?.(error));
      }
    }
  }

  const keeping = keep(await connect());
  return {
    get connected() {
      return client !== undefined;
    },
    async close() {
      stop.abort();
      await keeping;
      if (client) drop(client);
      client = undefined;
    },
  };
}

/** Resolves with the reason once the connection has ended, has gone silent, or `stop` was asked for. */
async function whenDead(client: Client, lost: Promise<unknown>, stop: AbortSignal): Promise<unknown> {
  const done = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  const beat = async (): Promise<unknown> => {
    while (!done.signal.aborted) {
      await pause(HEARTBEAT_MS, undefined, { signal: done.signal }).catch(() => {});
      if (done.signal.aborted) return;
      try {
        await bounded(client.query("select 1"), HEARTBEAT_TIMEOUT_MS);
      } catch (error) {
        return error;
      }
    }
  };
  try {
    return await Promise.race([lost, stopped, beat()]);
  } finally {
    done.abort();
  }
}

function drop(client: Client): void {
  void client.end().catch(() => {});
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  stream.destroy();
}

async function bounded<T>(work: Promise<T>, ms: number): Promise<T> {
  const done = new AbortController();
  const late = pause(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`No answer from the database within ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => {});
    work.catch(() => {});
  }
}

function parse(payload: string | undefined): unknown {
  return payload ? JSON.parse(payload) : null;
}
