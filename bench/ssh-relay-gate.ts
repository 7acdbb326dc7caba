import { createHash } from "node:crypto";
import {
  type ClientSession,
  connectSsh,
  createSshServer,
  generateKeyPair,
  refuse,
  relay,
  type SshTarget,
} from "../src/protocols/index.ts";

/** The gate alone, without people, permissions and database: every key may sign in, every session goes to one target. */
interface GateConfig {
  readonly target: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly fingerprint: string;
  };
  readonly privateKey: string;
  /** Stands for the recording's work. */
  readonly hash: boolean;
}

process.once("disconnect", () => process.exit());
process.once("message", (config: GateConfig) => void start(config));

async function start({ target, privateKey, hash }: GateConfig): Promise<void> {
  const server = createSshServer({
    hostKeys: [generateKeyPair().privateKey],
    onConnection() {
      const dialling = connectSsh({
        ...target,
        credential: { kind: "key", privateKey },
        hostKey: { verify: async (fingerprint) => fingerprint === target.fingerprint },
      });
      dialling.catch(() => {});
      return {
        authenticate: async ({ method }) => (method.startsWith("publickey") ? "accept" : "reject"),
        session: (client) => void serve(client, dialling, hash),
      };
    },
  });
  const port = await server.listen(0, "127.0.0.1");
  process.send?.({ port });
  process.on("message", (message) => {
    if (message === "usage") process.send?.({ usage: process.cpuUsage(), memory: process.memoryUsage().rss });
  });
}

async function serve(client: ClientSession, dialling: Promise<SshTarget>, hash: boolean): Promise<void> {
  try {
    const { pty, env, command } = client;
    const connection = await dialling;
    const session = await (command === null
      ? connection.openShell({ pty, env })
      : connection.openExec({ command, pty, env }));
    const recorded = createHash("sha256");
    const record = (bytes: Buffer) => {
      if (hash) recorded.update(bytes);
    };
    await relay({ client, target: session, tap: { output: (_stream, bytes) => record(bytes), input: record } });
    connection.close();
  } catch (error) {
    refuse(client, error);
  }
}
