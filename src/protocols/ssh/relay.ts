import type { ByteChannel, Exit, Stream } from "./channel.ts";
import type { SessionListener } from "./client-session.ts";
import { createGather } from "./gather.ts";
import type { TargetSession } from "./target-session.ts";

/**
 * Sees everything before it is passed on, what arrives together at once; a promise holds it back. If it throws or
 * rejects, the session is cut. The bytes are lent until then: whoever keeps them copies them.
 */
export interface Tap {
  output(stream: Stream, bytes: Buffer): Promise<void> | undefined | void;
  input(bytes: Buffer): Promise<void> | undefined | void;
  resize?(cols: number, rows: number): void;
}

/** How a relayed session came to its end. */
export interface RelayEnd {
  /** "target": it ended by itself; "client": the person left; "stopped": by the signal; "tap": what was shown could not be recorded. */
  readonly by: "target" | "client" | "stopped" | "tap";
  readonly exit: Exit;
  /** What the signal or the tap gave as its reason. */
  readonly reason?: unknown;
}

/**
 * Joins a client's session to one on the target until both are over. Order, end-of-file in each direction, standard error
 * and the way the command ended are kept; a slow reader slows its writer. Nothing the target sends is interpreted. Never rejects.
 */
export function relay(ends: {
  /** With `exit`, it is also told how the command ended, and closed; without, that is left to the caller. */
  client: Pick<ByteChannel, "send" | "eof"> & { listen(listener: SessionListener): void; exit?(how: Exit): void };
  target: TargetSession;
  tap: Tap;
  signal?: AbortSignal | undefined;
}): Promise<RelayEnd> {
  const { client, target, tap, signal } = ends;
  return new Promise((resolve) => {
    let over = false;
    const finish = (end: RelayEnd) => {
      if (over) return;
      over = true;
      signal?.removeEventListener("abort", stopped);
      target.close();
      resolve(end);
    };
    const stopped = () => finish({ by: "stopped", exit: null, reason: signal?.reason });
    const broken = (reason: unknown) => finish({ by: "tap", exit: null, reason });

    /** The tap first, then the other side; synchronous as long as neither is busy. */
    function pass(tapped: () => Promise<void> | undefined | void, forward: () => Promise<void> | undefined) {
      if (over) return undefined;
      try {
        const busy = tapped();
        return busy ? busy.then(() => (over ? undefined : forward()), broken) : forward();
      } catch (error) {
        broken(error);
        return undefined;
      }
    }

    const shown = createGather((bytes, stream) =>
      pass(
        () => tap.output(stream, bytes),
        () => client.send(bytes, stream),
      ),
    );
    const typed = createGather((bytes) =>
      pass(
        () => tap.input(bytes),
        () => target.send(bytes, 0),
      ),
    );

    if (signal?.aborted) return stopped();
    signal?.addEventListener("abort", stopped, { once: true });
    target.listen({
      copies: true,
      data: shown.add,
      eof: () => shown.after(() => over || client.eof()),
      closed: () =>
        shown.after(() => {
          if (over) return;
          const { exit } = target;
          finish({ by: "target", exit });
          client.exit?.(exit ?? { code: 255 });
        }),
    });
    client.listen({
      copies: true,
      data: (bytes, stream) => (stream === 0 ? typed.add(bytes, 0) : undefined),
      eof: () => typed.after(() => over || target.eof()),
      closed: () => finish({ by: "client", exit: target.exit }),
      resized({ cols, rows, width, height }) {
        if (over) return;
        void pass(
          () => tap.resize?.(cols, rows),
          () => void target.resize({ cols, rows, width, height }),
        );
      },
      signal: (name) => over || target.signal(name),
      break: (ms) => over || target.break(ms),
    });
  });
}
