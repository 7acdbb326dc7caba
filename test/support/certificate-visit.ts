import { request } from "node:https";
import type { Pair } from "./providers/pki.ts";

export interface Visit {
  readonly pair?: Pair | undefined;
  readonly headers?: Record<string, string>;
  readonly session?: Buffer | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  readonly path?: string;
  readonly port?: number;
}

/** What a browser does at the door of client certificates that listens at this port of loopback. */
export const visitDoor = (doorPort: number, location: URL, { pair, headers = {}, path, ...more }: Visit = {}) =>
  new Promise<{ status: number; to: URL | null; text: string; session: Buffer | undefined }>((resolve, reject) => {
    let session: Buffer | undefined;
    const sent = request(
      {
        host: "127.0.0.1",
        port: doorPort,
        path: path ?? location.pathname + location.search,
        headers: { host: location.host, ...headers },
        agent: false,
        rejectUnauthorized: false,
        // The browser would use anything; the door decides.
        ciphers: "DEFAULT@SECLEVEL=0",
        timeout: 20_000,
        ...pair,
        ...more,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const to = answer.headers.location ? new URL(answer.headers.location) : null;
          resolve({ status: answer.statusCode ?? 0, to, text: Buffer.concat(chunks).toString(), session });
        });
      },
    );
    sent.on("socket", (socket) => socket.on("session", (given: Buffer) => (session = given)));
    sent.on("error", reject).end();
  });
