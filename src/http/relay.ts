import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "../core/index.ts";

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;
const LONGEST_HEAD = 16_384;
const PASSED_ON = ["sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"];

/**
 * Hands an upgraded connection to the process that listens at a Unix socket: repeats the upgrade there with the ticket
 * and, once it is accepted (101), pipes both ways. Resolves when the pipes stand; Fault `unavailable` before that
 * leaves `client` untouched, so that it can still be told.
 */
export async function relay(deps: {
  readonly request: IncomingMessage;
  readonly client: Duplex;
  readonly head: Buffer;
  readonly address: string;
  readonly ticket: string;
}): Promise<void> {
  const { client, head } = deps;
  const upstream = await dial(deps.address);
  try {
    upstream.write(requestHead(deps.request, deps.ticket));
    const answer = await readHead(upstream);
    if (!answer.toString("latin1", 0, 16).startsWith("HTTP/1.1 101 ")) throw gone();
    if (client.destroyed) return void upstream.destroy();
    client.write(answer);
    if (head.length > 0) upstream.write(head);
  } catch (error) {
    upstream.destroy();
    throw error;
  }
  join(client, upstream);
}

const gone = (cause?: unknown): Fault =>
  new Fault("unavailable", "The process that holds the session does not answer. Try again.", undefined, cause);

async function dial(address: string): Promise<Socket> {
  const socket = connect({ path: address });
  try {
    await settled(socket, CONNECT_MS, (done) => socket.once("connect", done));
    return socket;
  } catch (error) {
    socket.destroy();
    throw gone(error);
  }
}

function requestHead(request: IncomingMessage, ticket: string): string {
  const lines = [
    "GET / HTTP/1.1",
    "Host: gateway",
    "Connection: Upgrade",
    "Upgrade: websocket",
    `x-sallyport-ticket: ${ticket}`,
  ];
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (typeof value === "string") lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Everything that arrived up to and with the end of the answer's head. */
async function readHead(upstream: Socket): Promise<Buffer> {
  let seen = Buffer.alloc(0);
  const take = (done: () => void) => (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.includes("\r\n\r\n")) done();
    else if (seen.length > LONGEST_HEAD) upstream.destroy(new Error("The answer's head is too long"));
  };
  try {
    await settled(upstream, ANSWER_MS, (done) => upstream.on("data", take(done)));
    return seen;
  } catch (error) {
    throw gone(error);
  } finally {
    upstream.pause();
    upstream.removeAllListeners("data");
  }
}

async function settled(socket: Socket, ms: number, start: (done: () => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error?: Error): void => reject(error ?? new Error("The connection ended"));
    const timer = setTimeout(() => fail(new Error(`No answer within ${ms} ms`)), ms);
    const closed = (): void => fail();
    socket.once("error", fail).once("close", closed);
    start(() => {
      socket.off("error", fail).off("close", closed);
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Both directions with backpressure; an end is passed on, and when one side is gone the other goes too. */
function join(client: Duplex, upstream: Socket): void {
  const drop = (): void => {
    client.destroy();
    upstream.destroy();
  };
  for (const side of [client, upstream]) side.on("error", drop).on("close", drop);
  client.pipe(upstream);
  upstream.pipe(client);
}
