import { isIP, connect as connectPlain, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { Client } from "ldapts";
import { Fault } from "../../../core/index.ts";
import { authorities } from "../fields.ts";
import { startTlsRequest, startTlsResult } from "./start-tls.ts";
import { wordsOf } from "./words.ts";

/** Far above any directory's answer to one sign-in or one page. */
const MOST_BYTES = 256 * 1024 * 1024;

interface Ways {
  readonly security: "starttls" | "none";
  readonly caCertificate: string;
  readonly timeoutSeconds: number;
}

/** A connection to one server. */
export interface Connection {
  readonly client: Client;
  close(): void;
}

/**
 * Opens a connection, encrypted and with the certificate verified unless the settings say plain. It ends when `signal`
 * does. Fault `upstream` or `timeout` that says what to do. The socket is ours and not the library's: its own StartTLS
 * would read what came before the encryption as if it had come under it.
 */
export async function connect(
  server: string,
  ways: Ways,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Connection> {
  const url = new URL(server.replace(/^ldap/, "http"));
  const secure = server.startsWith("ldaps:");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (secure ? 636 : 389));
  const sockets: Socket[] = [];
  const close = (): void => {
    signal.removeEventListener("abort", close);
    for (const socket of sockets) socket.destroy();
  };
  signal.addEventListener("abort", close, { once: true });
  const tls: ConnectionOptions = {
    ca: authorities(ways.caCertificate),
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ...(isIP(host) ? { host } : { servername: host }),
  };
  const patience = ways.timeoutSeconds * 1000;
  try {
    signal.throwIfAborted();
    say(`Connecting to ${server}`);
    let socket: Socket = keep(secure ? connectTls({ ...tls, host, port }) : connectPlain({ host, port }));
    await ready(socket, secure ? "secureConnect" : "connect", patience);
    if (!secure && ways.security === "starttls") {
      await askForTls(socket, patience);
      socket = keep(connectTls({ ...tls, socket }));
      await ready(socket, "secureConnect", patience);
    }
    say(secure || ways.security === "starttls" ? "Encrypted; the certificate is trusted" : "Not encrypted");
    return { client: clientOn(socket, patience), close };
  } catch (error) {
    close();
    if (error instanceof Fault) throw error;
    throw wordsOf(error, { server, signal, seconds: ways.timeoutSeconds });
  }

  function keep(socket: Socket): Socket {
    // Whoever waits hears of errors by their own listener; later ones end in 'close'.
    socket.on("error", () => {});
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) close();
    });
    socket.pause();
    sockets.push(socket);
    return socket;
  }
}

/** The library's client on an open socket. It cannot open another one, so nothing is ever sent again unencrypted. */
function clientOn(socket: Socket, patience: number): Client {
  let given = false;
  return new Client({
    url: "ldap://given.invalid",
    timeout: patience,
    connectTimeout: patience,
    createConnection: () => {
      if (given) throw new Error("The connection was closed");
      given = true;
      queueMicrotask(() => socket.resume());
      return socket;
    },
  });
}

function ready(socket: Socket, event: "connect" | "secureConnect", patience: number): Promise<void> {
  return within(socket, patience, (resolve) => socket.once(event, () => resolve()));
}

/** RFC 4511 section 4.14. Nothing may come behind the answer: it would be read as if it had come encrypted. */
async function askForTls(socket: Socket, patience: number): Promise<void> {
  socket.write(startTlsRequest);
  let seen = Buffer.alloc(0);
  await within(socket, patience, (resolve, reject) => {
    const heard = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const result = startTlsResult(seen);
      if (result === "more") return;
      socket.off("data", heard);
      socket.pause();
      if (result === "agreed") resolve();
      else
        reject(
          new Fault(
            "upstream",
            "The server does not offer StartTLS. Nothing was sent. Use ldaps://, or set it up there.",
          ),
        );
    };
    socket.on("data", heard).resume();
  });
  if (socket.readableLength > 0) throw new Fault("upstream", "The server sent more than the answer before encryption.");
}

function within(
  socket: Socket,
  patience: number,
  listen: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(new TimedOut("No answer")), patience);
    const failed = (error: Error): void => done(error);
    const ended = (): void => done(new Error("The server closed the connection"));
    function done(error?: Error): void {
      clearTimeout(timer);
      socket.off("error", failed).off("close", ended);
      if (error) reject(error);
      else resolve();
    }
    socket.once("error", failed).once("close", ended);
    listen(() => done(), done);
  });
}

/** Nobody answered in time. */
class TimedOut extends Error {
  readonly code = "ETIMEDOUT";
}
