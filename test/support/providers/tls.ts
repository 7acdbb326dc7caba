import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { generate } from "selfsigned";

const DAY_MS = 86_400_000;

/** A key and a certificate of its own for 127.0.0.1 and localhost, valid for `days` from yesterday; negative: expired. */
export async function certificate(days = 30): Promise<{ cert: string; key: string }> {
  const end = Date.now() + days * DAY_MS;
  const pair = await generate([{ name: "commonName", value: `provider ${randomBytes(4).toString("hex")}` }], {
    keyType: "rsa",
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate: new Date(Math.min(end, Date.now()) - DAY_MS),
    notAfterDate: new Date(end),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { cert: pair.cert, key: pair.private };
}

/** A server with TLS on a free port of the loopback; `ca` is what its clients must trust. */
export async function tlsServer(listener: RequestListener, days = 30) {
  const { cert, key } = await certificate(days);
  const server: Server = createServer({ cert, key }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    ca: cert,
    close: () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

/** Takes connections and never says a word. */
export async function silentServer() {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => void sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
