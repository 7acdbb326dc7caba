import { createSocket } from "node:dgram";
import { Fault } from "../../../core/index.ts";
import type { BackendCall } from "../backend.ts";
import { accessRequest, type Flaw, readReply, type Reply, type Request } from "./packet.ts";
import type { RadiusSettings } from "./settings.ts";

interface Question {
  readonly userName: string;
  readonly password: string;
  readonly state?: Buffer | null;
}

/** The answer together with the server that gave it: what follows a challenge must go to the same one. */
export interface Answer extends Reply {
  readonly server: string;
}

/**
 * Asks the servers in turn until one answers; only answers that are proved count. Fault `timeout` or `upstream` that
 * says what to do.
 */
export async function ask(
  { settings, signal, say }: BackendCall<RadiusSettings>,
  question: Question,
  only?: string,
): Promise<Answer> {
  const servers = only === undefined ? settings.servers : settings.servers.filter((server) => server === only);
  let failed: Fault | undefined;
  for (const server of servers) {
    if (signal.aborted) break;
    try {
      const reply = await askOne(server, settings, question, signal, say);
      say(`${server} answered: ${reply.says}${reply.message ? `, "${reply.message}"` : ""}`);
      return { ...reply, server };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      say(error.message);
      failed = error;
    }
  }
  throw failed ?? new Fault("timeout", "No RADIUS server answered in time.");
}

async function askOne(
  server: string,
  settings: RadiusSettings,
  { userName, password, state = null }: Question,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Reply> {
  const { secret, nasIdentifier, requireMessageAuthenticator } = settings;
  const request = accessRequest({ userName, password, secret, nasIdentifier, state });
  const flaws = new Set<Flaw>();
  const read = (bytes: Buffer): Reply | null => {
    const reply = readReply(bytes, request, secret, requireMessageAuthenticator);
    if (typeof reply === "object") return reply;
    if (!flaws.has(reply)) say(`An answer of ${server} was dropped: ${reply}`);
    flaws.add(reply);
    return null;
  };
  return exchange({ server, request, settings, signal, say, read, flaws });
}

/**
 * Sends the same packet again until an answer comes. Each question has a socket and a port of its own, which takes
 * packets from the server's address only; whatever else comes is dropped, and the waiting goes on.
 */
function exchange(deps: {
  server: string;
  request: Request;
  settings: RadiusSettings;
  signal: AbortSignal;
  say: (line: string) => void;
  read: (bytes: Buffer) => Reply | null;
  flaws: ReadonlySet<Flaw>;
}): Promise<Reply> {
  const { server, request, settings, signal, say, read, flaws } = deps;
  const { host, port } = addressOf(server);
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    let sent = 0;
    let timer: NodeJS.Timeout | undefined;
    function end(work: () => void): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", late);
      socket.removeAllListeners().on("error", () => {});
      socket.close();
      work();
    }
    function late(): void {
      end(() => reject(silence(server, flaws)));
    }
    function send(): void {
      if (sent >= settings.tries) return late();
      sent += 1;
      say(sent === 1 ? `Asking ${server}` : `Asking ${server} again`);
      timer = setTimeout(send, settings.timeoutSeconds * 1000);
      socket.send(request.bytes, (error) => error && failed(error));
    }
    function failed(error: Error): void {
      end(() => reject(new Fault("upstream", wordsOf(error, server))));
    }
    socket.on("error", failed);
    socket.on("message", (bytes) => {
      const reply = read(bytes);
      if (reply) end(() => resolve(reply));
    });
    socket.on("connect", send);
    if (signal.aborted) return late();
    signal.addEventListener("abort", late, { once: true });
    socket.connect(port, host);
  });
}

/** `host`, `host:port` or `[IPv6]:port`. */
function addressOf(server: string): { host: string; port: number } {
  const { hostname, port } = new URL(`radius://${server}`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 1812) };
}

function silence(server: string, flaws: ReadonlySet<Flaw>): Fault {
  if (flaws.has("without Message-Authenticator")) {
    return new Fault(
      "upstream",
      `${server} answers without Message-Authenticator, so that anybody on the way could have forged the answer. Update that server, or let it go without in the settings.`,
    );
  }
  if (flaws.size > 0) {
    return new Fault("upstream", `${server} answers, but the answer is not proved. Check the shared secret.`);
  }
  return new Fault(
    "timeout",
    `${server} did not answer. Check the address and the port, that it knows this machine as a client, and the shared secret.`,
  );
}

function wordsOf(error: Error, server: string): string {
  const { code } = error as { code?: string };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `There is no server called as in ${server}. Check the name.`;
  if (code === "ECONNREFUSED") return `Nobody answers at ${server}. Check the port, and that the server runs.`;
  return `${server} cannot be reached (${code ?? "no reason was given"}).`;
}
