import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readProxyHeader } from "./proxy-header.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const V4 = hex(`${SIGNATURE} 21 11 000c c0000201 c6336401 e1f2 0016`);
const V6 = hex(`${SIGNATURE} 21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 e1f2 0016`);

test.each<[string, Buffer, object]>([
  ["IPv4", V4, { kind: "header", length: 28, address: "192.0.2.1" }],
  ["IPv6", V6, { kind: "header", length: 52, address: "2001:db8::1" }],
  [
    "IPv4 within IPv6 as IPv4",
    hex(`${SIGNATURE} 21 21 0024 00000000000000000000ffffc0000209 20010db8000000000000000000000002 e1f2 0016`),
    { kind: "header", length: 52, address: "192.0.2.9" },
  ],
  [
    "extras, and what the client sent",
    Buffer.concat([hex(`${SIGNATURE} 21 11 000f c0000201 c6336401 e1f2 0016 04 0000`), Buffer.from("SSH-2.0-x\r\n")]),
    { kind: "header", length: 31, address: "192.0.2.1" },
  ],
  ["a proxy that looks whether we live", hex(`${SIGNATURE} 20 00 0000`), { kind: "header", length: 16, address: null }],
  ["nothing yet", Buffer.alloc(0), { kind: "more" }],
])("reads %s", (_, bytes, expected) => expect(readProxyHeader(bytes)).toEqual(expected));

test.each<[string, Buffer]>([
  ["a client that speaks for itself", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
  ["version 1", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 57842 22\r\n")],
  ["version 3", hex(`${SIGNATURE} 31 11 000c c0000201 c6336401 e1f2 0016`)],
  ["an unknown command", hex(`${SIGNATURE} 22 11 000c c0000201 c6336401 e1f2 0016`)],
  ["a client without an address", hex(`${SIGNATURE} 21 00 0000`)],
  ["a Unix socket", Buffer.concat([hex(`${SIGNATURE} 21 31 00d8`), Buffer.alloc(216)])],
  ["UDP", hex(`${SIGNATURE} 21 12 000c c0000201 c6336401 e1f2 0016`)],
  ["addresses that are cut short", hex(`${SIGNATURE} 21 11 0008 c0000201 c6336401`)],
  ["more than anybody needs", hex(`${SIGNATURE} 21 11 ffff`)],
])("refuses %s", (_, bytes) => expect(readProxyHeader(bytes).kind).toBe("refused"));

test("every beginning of a header asks for more, however it is cut", () => {
  for (const whole of [V4, V6])
    for (let length = 0; length < whole.length; length++)
      expect([length, readProxyHeader(whole.subarray(0, length))]).toEqual([length, { kind: "more" }]);
});

test("whatever comes, it answers, within what was sent and with an address that is one", () => {
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.concat([round % 2 ? V4 : V6, randomBytes(round % 60)]);
    for (let flips = round % 5; flips > 0; flips--) {
      bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256);
    }
    const found = readProxyHeader(bytes.subarray(0, Math.floor(Math.random() * (bytes.length + 1))));
    if (found.kind !== "header") continue;
    expect(found.length).toBeLessThanOrEqual(bytes.length);
    expect(found.address ?? "").toMatch(/^$|^[0-9a-f:.]{2,45}$/);
  }
});
