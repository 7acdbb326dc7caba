import type { Socket } from "node:net";

/** The longest header that is taken: addresses and what a proxy adds to them. */
const LONGEST = 4096;
/** How long a proxy may take to send it. */
const PATIENCE_MS = 5_000;
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** Signature, version and command, family, length. */
const FIXED = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;
/** Two addresses and two ports. */
const SIZE = { [TCP4]: 12, [TCP6]: 36 } as const;

export type ProxyHeader =
  /** More bytes are needed. */
  | { readonly kind: "more" }
  /** Not a header of version 2, or one that tells no TCP client. */
  | { readonly kind: "refused"; readonly why: string }
  /** `length` bytes were the header. `address` null: the proxy speaks for itself, as when it looks whether we live. */
  | { readonly kind: "header"; readonly length: number; readonly address: string | null };

const refused = (why: string): ProxyHeader => ({ kind: "refused", why });

/**
 * Reads a PROXY protocol header, version 2 (haproxy's proxy-protocol.txt, section 2.2):
 * signature 12, version and command 1, family 1, length 2 (big endian); then source, destination, both ports, extras.
 * Version 1 is refused: it is text, and its end has to be searched for.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) {
    const isFirst = bytes.toString("latin1", 0, 6) === "PROXY ";
    return refused(isFirst ? "PROXY protocol version 1; send version 2" : "no PROXY protocol header");
  }
  if (bytes.length < FIXED) return { kind: "more" };
  const command = bytes[12];
  if (command !== LOCAL && command !== PROXY) return refused("not version 2 of the PROXY protocol");
  const length = FIXED + bytes.readUInt16BE(14);
  if (length > LONGEST) return refused("a PROXY protocol header that is too long");
  if (bytes.length < length) return { kind: "more" };
  if (command === LOCAL) return { kind: "header", length, address: null };
  const family = bytes[13];
  if (family !== TCP4 && family !== TCP6) return refused("a PROXY protocol header without a TCP client");
  if (length - FIXED < SIZE[family]) return refused("a PROXY protocol header that is too short");
  const source = bytes.subarray(FIXED, FIXED + (family === TCP4 ? 4 : 16));
  return { kind: "header", length, address: family === TCP4 ? source.join(".") : ipv6Of(source) };
}

function ipv6Of(source: Buffer): string {
  const isV4 = source.subarray(0, 10).every((byte) => byte === 0) && source.readUInt16BE(10) === 0xffff;
  if (isV4) return source.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => source.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** What became of a header: `refused` says why there is none that counts; `head`, in base64, is what came after it. */
export interface HeaderRead {
  readonly refused: string | null;
  readonly address: string | null;
  readonly head: string;
}

/**
 * Reads the header off a paused socket, and reads no byte more: what follows is there for the process that is handed the
 * socket. `done` is called once, within five seconds.
 */
export function readHeader(socket: Socket, done: (read: HeaderRead) => void): void {
  let held = Buffer.alloc(0);
  const timer = setTimeout(() => end({ refused: "no PROXY protocol header in time" }), PATIENCE_MS);
  const gone = (): void => end({ refused: "the connection ended before its header" });

  function end(read: Partial<HeaderRead>): void {
    clearTimeout(timer);
    socket.off("data", take).off("close", gone).off("end", gone);
    done({ refused: null, address: null, head: "", ...read });
  }
  function take(bytes: Buffer): void {
    held = Buffer.concat([held, bytes]);
    const found = readProxyHeader(held);
    if (found.kind === "more") return;
    if (found.kind === "refused") return end({ refused: found.why });
    if (!stopReading(socket)) return end({ refused: "this Node.js cannot stop reading a socket; use another version" });
    end({ address: found.address, head: held.toString("base64", found.length) });
  }
  socket.on("data", take).once("close", gone).once("end", gone).resume();
}

/**
 * `pause()` alone goes on reading into a buffer, and what is read here after the socket was handed over is lost to both
 * processes. Only the handle below it stops at once, and Node.js has no public way to it.
 */
function stopReading(socket: Socket): boolean {
  socket.pause();
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly readStop?: () => number } };
  return handle?.readStop?.() === 0;
}
