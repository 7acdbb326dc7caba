import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { createOriginCheck } from "./origin.ts";

/** What our own address is to a request that really came in, with that Host. */
async function ownOf(
  host: (port: number) => string,
  options: { publicUrl?: string | null; secure?: boolean } = {},
): Promise<{ own: string | null; port: number }> {
  const check = createOriginCheck({ hostNames: ["gate.example", "localhost"], publicUrl: options.publicUrl ?? null });
  let own: string | null = null;
  const server = createServer((request, response) => {
    own = check.own(request, options.secure ?? false);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, headers: { host: host(port) }, agent: false }, (response) => {
      response.resume().once("end", resolve);
    });
    request.once("error", reject);
  });
  await new Promise((resolve) => server.close(resolve));
  return { own, port };
}

it.each<[string, (port: number) => string]>([
  ["one of our names", (port) => `gate.example:${port}`],
  ["one of our names in another case", (port) => `GATE.example:${port}`],
  ["a name below localhost", (port) => `sallyport.localhost:${port}`],
  ["the address that the connection came to", (port) => `127.0.0.1:${port}`],
])("our own address is the one that was used: %s", async (_what, host) => {
  const { own, port } = await ownOf(host);
  expect(own).toBe(`http://${host(port).toLowerCase()}`);
});

it.each<[string, (port: number) => string]>([
  ["a foreign name", (port) => `evil.example:${port}`],
  ["a foreign name that ends like ours", (port) => `evilgate.example:${port}`],
  ["our name with another port", (port) => `gate.example:${port - 1}`],
  ["our name without the port", () => "gate.example"],
  ["another address", (port) => `203.0.113.9:${port}`],
  ["our address with another port", (port) => `127.0.0.1:${port - 1}`],
  ["no name at all", (port) => `gate.example@evil.example:${port}`],
])("is not known when the Host is %s", async (_what, host) => {
  expect((await ownOf(host)).own).toBeNull();
});

it("is the public address whatever the Host says", async () => {
  const { own } = await ownOf((port) => `evil.example:${port}`, { publicUrl: "https://gate.example" });
  expect(own).toBe("https://gate.example");
});
