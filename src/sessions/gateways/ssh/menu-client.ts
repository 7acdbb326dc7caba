import type { ClientSession, SessionListener } from "../../../protocols/index.ts";
import { asLine, type ClientEnd } from "../client-end.ts";

/** A shell channel whose input goes to the menu, or to the session that was picked there, in turn. */
export interface MenuClient {
  /** Bytes and the end of input go here until a session listens. */
  toMenu(taker: { data(bytes: Buffer): Promise<void> | void; over(): void; resized(): void }): void;
  /** The person's end for one session, which also gets what was typed ahead; when that is over, the channel stays open. */
  borrow(ahead: Buffer): ClientEnd;
  print(text: string): void;
  /** Resolves when what was printed is on its way. */
  drained(): Promise<void>;
}

export function createMenuClient(session: ClientSession, isLost: () => boolean): MenuClient {
  let menu: Parameters<MenuClient["toMenu"]>[0] | null = null;
  let borrower: SessionListener | null = null;
  let sending: Promise<void> = Promise.resolve();
  const print = (text: string): void => {
    sending = session.send(Buffer.from(text)) ?? sending;
  };

  const ear: SessionListener = {
    data: (bytes, stream) => (borrower ? borrower.data(bytes, stream) : menu?.data(bytes)),
    eof: () => (borrower ? borrower.eof?.() : menu?.over()),
    closed() {
      borrower?.closed?.();
      menu?.over();
    },
    resized(size) {
      borrower?.resized?.(size);
      menu?.resized();
    },
    signal: (name) => borrower?.signal?.(name),
    break: (ms) => borrower?.break?.(ms),
  };
  session.listen(ear);

  function lend(listener: SessionListener, ahead: Buffer, before: ClientSession["pty"]): void {
    borrower = listener;
    if (session.pty && session.pty !== before) listener.resized?.({ width: 0, height: 0, ...session.pty });
    if (ahead.length > 0) void listener.data(ahead, 0);
    session.listen(ear);
  }

  return {
    print,
    drained: () => sending,
    toMenu(taker) {
      borrower = null;
      menu = taker;
      session.listen(ear);
    },
    borrow(ahead) {
      const before = session.pty;
      // Until the session listens, what comes waits in the channel.
      session.listen(null);
      return {
        send: session.send,
        eof: () => {},
        notice: (text) => print(`\r\n${asLine(text)}\r\n`),
        closed: session.closed,
        isLost,
        listen: (listener) => lend(listener, ahead, before),
      };
    },
  };
}
