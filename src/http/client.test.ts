import { createNetworks } from "../core/index.ts";
import type { IncomingMessage } from "node:http";
import Fastify from "fastify";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Client, createClientReader, createPlainGuard } from "./client.ts";
import { createLimits } from "./limiter.ts";

const trusted = createNetworks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.9"]);
const read = createClientReader({ trusted, tls: false });
const request = (remoteAddress: string, headers: Record<string, string | string[]> = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

describe("the client's address", () => {
  it.each<[string, string, string | string[] | undefined, string]>([
    ["no proxy", "203.0.113.5", undefined, "203.0.113.5"],
    ["IPv4 in IPv6", "::ffff:203.0.113.5", undefined, "203.0.113.5"],
    ["a stranger's header", "203.0.113.5", "1.1.1.1", "203.0.113.5"],
    ["one proxy", "10.0.0.1", "203.0.113.5", "203.0.113.5"],
    ["a forged start", "10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"],
    ["two proxies", "10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"],
    ["a single trusted address", "192.0.2.9", "203.0.113.5", "203.0.113.5"],
    ["only proxies", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["a trusted proxy without the header", "10.0.0.1", undefined, "10.0.0.1"],
    ["nonsense", "10.0.0.1", "203.0.113.5, unknown", "10.0.0.1"],
    ["with a port", "10.0.0.1", "203.0.113.5:4711", "203.0.113.5"],
    ["IPv6 with a port", "2001:db8::1", "[2001:dead::5]:4711", "2001:dead::5"],
    ["two header lines", "10.0.0.1", ["1.1.1.1", "203.0.113.5"], "203.0.113.5"],
  ])("%s", (_what, peer, chain, expected) => {
    expect(read(request(peer, chain === undefined ? {} : { "x-forwarded-for": chain })).address).toBe(expected);
  });

  it("believes X-Forwarded-Proto only from a trusted proxy", () => {
    expect(read(request("10.0.0.1", { "x-forwarded-proto": "https" })).secure).toBe(true);
    expect(read(request("10.0.0.1", { "x-forwarded-proto": "https, http" })).secure).toBe(false);
    expect(read(request("203.0.113.5", { "x-forwarded-proto": "https" })).secure).toBe(false);
  });
});

it.each([
  ["127.0.0.1", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["10.0.0.1", true],
  ["::ffff:10.0.0.1", true],
  ["203.0.113.5", false],
  ["2001:dead::5", false],
  ["", false],
])("plain HTTP from %s: %s; over TLS anybody", (peer, may) => {
  const forged = request(peer, { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" });
  expect(createPlainGuard({ trusted, tls: false })(forged)).toBe(may);
  expect(createPlainGuard({ trusted, tls: true })(forged)).toBe(true);
});

describe("the limiter", () => {
  afterEach(() => void vi.useRealTimers());

  it("counts an IPv6 client by its /64 and forgets after a minute", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 0 });
    const app = Fastify();
    app.decorateRequest("client", null as unknown as Client);
    const limit = (await createLimits(app))(2);
    app.get("/:address", async (request) => {
      request.client = { address: (request.params as { address: string }).address, secure: false, forwarded: false };
      await limit(request);
      return {};
    });
    const from = async (address: string) => (await app.inject(`/${address}`)).json();
    expect(await from("2001:db8::1")).toEqual({});
    expect(await from("2001:db8:0:0:1::2")).toEqual({});
    expect((await from("2001:db8::3")).message).toContain("Try again in 60 s");
    expect(await from("2001:db8:0:1::1")).toEqual({});
    vi.setSystemTime(60_000);
    expect(await from("2001:db8::1")).toEqual({});
    await app.close();
  });
});
