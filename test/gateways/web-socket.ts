import { WebSocket } from "ws";
import type { Client } from "../support/program.ts";
import { TerminalNotice } from "../../src/sessions/schema.ts";
import { eventually, type Stage } from "./stage.ts";

/** A terminal or watcher socket as a browser holds it. */
export interface Socket {
  readonly notices: TerminalNotice[];
  /** HTTP status of a refused upgrade, or the code of the close (4000 and the status for a Fault); null while open. */
  readonly ended: number | null;
  out(): string;
  type(text: string): void;
  tell(request: object): void;
  /** Waits until the terminal's bytes fit. */
  shows(pattern: RegExp, ms?: number): Promise<void>;
  notice<T extends TerminalNotice["type"]>(type: T, ms?: number): Promise<Extract<TerminalNotice, { type: T }>>;
  whenEnded(ms?: number): Promise<number>;
  /** Cuts the connection without a word. */
  drop(): void;
}

/** Opens a web socket of the API; `origin` is the console's own unless given. */
export function openSocket(
  stage: Stage,
  client: Client,
  path: string,
  options: { origin?: string | null } = {},
): Socket {
  const { origin = stage.program.url } = options;
  const headers = { ...(client.cookie && { cookie: client.cookie }), ...(origin !== null && { origin }) };
  const socket = new WebSocket(`${stage.program.url.replace(/^http/, "ws")}/api${path}`, { headers });
  const notices: TerminalNotice[] = [];
  const bytes: Buffer[] = [];
  let ended: number | null = null;
  socket.on("message", (data: Buffer, binary: boolean) => {
    if (binary) bytes.push(data);
    else notices.push(TerminalNotice.parse(JSON.parse(data.toString("utf8"))));
  });
  socket.on("unexpected-response", (request, response) => {
    ended = response.statusCode ?? 0;
    request.destroy();
  });
  socket.on("error", () => {});
  socket.on("close", (code) => (ended ??= code));
  const out = () => Buffer.concat(bytes).toString("utf8");
  return {
    notices,
    get ended() {
      return ended;
    },
    out,
    type: (text) => socket.send(Buffer.from(text)),
    tell: (request) => socket.send(JSON.stringify(request)),
    async shows(pattern, ms = 8_000) {
      await eventually("output", () => pattern.test(out()), ms).catch(() => {
        throw new Error(
          `${pattern} did not come (${ended}); ${JSON.stringify(notices)} ${JSON.stringify(out().slice(-2000))}`,
        );
      });
    },
    async notice<T extends TerminalNotice["type"]>(type: T, ms = 8_000) {
      const found = await eventually(
        `the notice ${type}; there are ${JSON.stringify(notices)} (${ended})`,
        () => notices.find((notice) => notice.type === type),
        ms,
      );
      return found as Extract<TerminalNotice, { type: T }>;
    },
    whenEnded: async (ms = 8_000) =>
      (await eventually("the end of the socket", () => (ended === null ? null : { ended }), ms)).ended,
    drop: () => socket.terminate(),
  };
}
