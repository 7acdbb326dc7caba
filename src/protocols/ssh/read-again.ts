import { Socket } from "node:net";
import { nativeCrypto } from "./wire.ts";

/** Below it a chunk is given away as a copy: cheap, and nothing can go wrong. */
const SMALL = 4096;

/**
 * Reads a connection into one buffer, again and again: what `take` gets is lent until it returns. Node's own way, a new
 * buffer of 64 KiB for each read, costs a quarter of a bulk stream in garbage collection and page faults.
 * Node offers this (`onread`) only to who makes a socket, so the given one is taken over: use the socket that is returned.
 * "close" is still told to the given one's listeners. Where that cannot be done, reading is Node's own way.
 */
export function readAgain(
  given: Socket,
  size: number,
): { readonly socket: Socket; read(take: (chunk: Buffer) => void): void } {
  const { _handle: handle } = given as unknown as { _handle?: object | null };
  const early: Buffer | null = given.read();
  const isSettled = !given.connecting && !given.readableEnded && !given.destroyed && given.writableLength === 0;
  // Without the native part of the SSH library, its ciphers keep chunks.
  if (!handle || !isSettled || !nativeCrypto) {
    if (early) given.unshift(early);
    return { socket: given, read: (take) => void given.on("data", take) };
  }
  const buffer = Buffer.allocUnsafeSlow(size);
  let taker: (chunk: Buffer) => void = () => {};
  const onread = {
    buffer,
    callback(length: number): boolean {
      const chunk = buffer.subarray(0, length);
      taker(length < SMALL ? Buffer.from(chunk) : chunk);
      return true;
    },
  };
  Object.assign(given, { _handle: null });
  const socket = new Socket({ handle, onread, pauseOnCreate: true } as object);
  socket.pause();
  socket.once("close", () => given.destroy());
  return {
    socket,
    read(take) {
      taker = take;
      if (early) take(early);
    },
  };
}
