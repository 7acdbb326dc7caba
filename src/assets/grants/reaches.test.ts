import { describe, expect, test } from "vitest";
import { parseDestination } from "./schema/destination.ts";
import { reaches } from "./reaches.ts";

const to = (host: string, port: number) => ({ host, port });

describe("a destination of port forwarding is host:port", () => {
  test.each([
    ["db.example.com:5432", "name", 5432, 5432],
    ["DB.Example.com:1-65535", "name", 1, 65_535],
    ["10.0.0.5:22", "ipv4", 22, 22],
    ["10.0.0.0/16:8000-8100", "ipv4", 8000, 8100],
    ["[2001:db8::1]:443", "ipv6", 443, 443],
    ["[2001:db8::/32]:443", "ipv6", 443, 443],
  ] as const)("%s", (text, kind, from, last) => {
    expect(parseDestination(text)).toMatchObject({ kind, from, to: last });
  });

  test.each([
    "",
    "*",
    "*:*",
    "*:22",
    "host:*",
    "*.example.com:22",
    "host",
    "host:",
    ":22",
    "host:0",
    "host:65536",
    "host:22-21",
    "host:22-",
    "host:a",
    "10.0.0.0/33:22",
    "10.0.0:22",
    "1.2.3.4.5:22",
    "2130706433:22",
    "010.0.0.1:22",
    "2001:db8::1:443",
    "[2001:db8::1:443",
    "[2001:db8::/129]:443",
    "[10.0.0.1]:22",
    "host/16:22",
    "a..b:22",
    "-a:22",
    "a b:22",
  ])("%s is none", (text) => expect(parseDestination(text)).toBeNull());
});

describe("an allowed destination", () => {
  test.each([
    ["db.example.com:5432", to("DB.EXAMPLE.COM", 5432), true],
    ["db.example.com:5432", to("db.example.com", 5433), false],
    ["db.example.com:5432", to("x.db.example.com", 5432), false],
    ["10.0.0.5:22", to("10.0.0.5", 22), true],
    ["10.0.0.5:22", to("10.0.0.6", 22), false],
    ["10.0.0.0/16:8000-8100", to("10.0.255.1", 8100), true],
    ["10.0.0.0/16:8000-8100", to("10.0.255.1", 7999), false],
    ["10.0.0.0/16:8000-8100", to("10.1.0.1", 8000), false],
    ["[2001:db8::/32]:443", to("2001:DB8::7", 443), true],
    ["[2001:db8::/32]:443", to("2001:db9::7", 443), false],
  ])("%s, asked for %o: %s", (destination, aim, expected) => expect(reaches(destination, aim)).toBe(expected));

  test("as a network matches addresses alone, whatever a name resolves to", () => {
    expect(reaches("0.0.0.0/0:1-65535", to("localhost", 22))).toBe(false);
    expect(reaches("localhost:22", to("127.0.0.1", 22))).toBe(false);
  });

  test("takes IPv4 within IPv6 for the IPv4 address that it leads to", () => {
    for (const host of ["::ffff:10.0.0.5", "::FFFF:a00:5", "0:0:0:0:0:ffff:0a00:0005"]) {
      expect(reaches("10.0.0.5:22", to(host, 22))).toBe(true);
      expect(reaches("[::/0]:22", to(host, 22))).toBe(false);
    }
  });

  test("does not take for an address what only some programs do", () => {
    for (const host of ["127.1", "0x7f.0.0.1", "2130706433", "010.0.0.5", "10.0.0.5 ", "10.0.0.5%eth0"])
      expect(reaches("0.0.0.0/0:1-65535", to(host, 22))).toBe(false);
  });
});
