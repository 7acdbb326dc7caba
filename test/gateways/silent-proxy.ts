import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP proxy that can fall silent: packets are lost, nobody is told, nothing is closed. */
export interface SilentProxy {
  readonly port: number;
  /** From now on nothing passes in either direction. */
  silence(): void;
  close(): Promise<void>;
}

export async function startSilentProxy(to: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  const pass = (from: Socket, into: Socket): void => {
    from.on("data", (bytes) => void (silent || into.write(bytes)));
    from.on("error", () => {});
    from.on("close", () => void (silent || into.destroy()));
    sockets.add(from);
  };
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => void (silent = true),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
