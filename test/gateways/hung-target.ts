import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import { makeKey } from "../support/sshd.ts";

/** An SSH server that lets everybody in and then leaves one question without an answer. */
export interface HungTarget {
  readonly port: number;
  /** Questions left without an answer so far. */
  hung(): number;
  /** Connections that are open now. */
  connections(): number;
  close(): Promise<void>;
}

/** `channel`: never answers CHANNEL_OPEN; `request`: opens the channel, but never answers the shell or command. */
export async function startHungTarget(at: "channel" | "request"): Promise<HungTarget> {
  let hung = 0;
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [makeKey("ed25519").privateKey] }, (client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    client.on("error", () => {});
    client.on("authentication", (attempt) => attempt.accept());
    client.on("session", (accept) => {
      if (at === "channel") return void (hung += 1);
      const session = accept();
      session.on("pty", (granted) => granted?.());
      session.on("env", (granted) => granted?.());
      session.on("shell", () => void (hung += 1));
      session.on("exec", () => void (hung += 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hung: () => hung,
    connections: () => clients.size,
    async close() {
      for (const client of clients) client.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
