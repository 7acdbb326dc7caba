import { createServer, type AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { connectSsh, generateKeyPair } from "../index.ts";
import { serverOffer } from "./algorithms.ts";
import { parsePrivateKey } from "./keys.ts";
import { createTransport, KEEPALIVE, type Transport } from "./transport.ts";
import type { Handlers } from "./wire.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const part of open.splice(0)) part.close();
});

/** A target that lets everybody in and answers a request for a channel as the test wants. */
async function wildTarget(answer: NonNullable<Handlers["CHANNEL_OPEN"]>): Promise<number> {
  const key = parsePrivateKey(generateKeyPair().privateKey);
  const server = createServer((socket) => {
    const transport: Transport = createTransport({
      socket,
      ident: "wild",
      hostKeys: { [key.type]: key },
      offer: serverOffer([key.type]),
      keepalive: KEEPALIVE,
      handlers: {
        SERVICE_REQUEST: (p, name) => p.serviceAccept(name),
        USERAUTH_REQUEST: (p) => p.authSuccess(),
        CHANNEL_OPEN: answer,
      },
      onKeys() {},
    });
    open.push({ close: () => transport.destroy({ kind: "ended", words: "" }) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ close: () => void server.close() });
  return (server.address() as AddressInfo).port;
}

const reach = (port: number) =>
  connectSsh({
    host: "127.0.0.1",
    port,
    username: "ann",
    credential: { kind: "password", password: "x" },
    hostKey: { verify: async () => true },
  });

it("the words of a target that opens no channel are shortened and printable", async () => {
  const words = `go\u001b]0;owned\u0007 away\r\n${"x".repeat(5000)}`;
  const port = await wildTarget((p, { sender }) => p.channelOpenFail(sender, 1, words));
  const target = await reach(port);
  const refusal = target.openExec({ command: "true" });
  await expect(refusal).rejects.toMatchObject({ code: "upstream" });
  const { message } = (await refusal.catch((error: unknown) => error)) as Error;
  const prefix = `127.0.0.1:${port} refused to open a session: `;
  expect(message).toMatch(/^[\x20-\x7e]+$/);
  expect(message.slice(prefix.length)).toMatch(/^go \]0;owned +away xxx/);
  expect(message.length).toBeLessThanOrEqual(prefix.length + 301);
  target.close();
});

it("a target whose packets would hold less than 1,024 bytes loses the connection", async () => {
  const port = await wildTarget((p, { sender }) => p.channelOpenConfirm(sender, 0, 2_000_000, 1));
  const target = await reach(port);
  await expect(target.openExec({ command: "true" })).rejects.toThrow(
    `127.0.0.1:${port} refused to open a session: it takes packets of 1 bytes at most.`,
  );
  expect((await target.closed).words).toContain("packet size");
});
