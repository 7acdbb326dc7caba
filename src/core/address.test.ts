import { expect, it } from "vitest";
import { createNetworks, networkOf } from "./index.ts";

it.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::FFFF:c000:207", "192.0.2.7"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:0:0:1::2", "2001:db8:0:0::/64"],
  ["2001:DB8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:0::/64"],
  ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
  ["1:2:3:4:5:6:192.0.2.7", "1:2:3:4::/64"],
  ["::", "0:0:0:0::/64"],
  ["1::", "1:0:0:0::/64"],
  ["unknown", "unknown"],
  ["", ""],
])("%s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it.each([
  ["::/0", "10.0.0.1", false],
  ["::/0", "::ffff:10.0.0.1", false],
  ["::/0", "2001:db8::1", true],
  ["0.0.0.0/0", "10.0.0.1", true],
  ["0.0.0.0/0", "::ffff:a00:1", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["10.0.0.0/8", "::ffff:10.1.1.1", true],
  ["10.0.0.0/8", "::ffff:11.1.1.1", false],
  ["::ffff:10.0.0.0/104", "10.1.1.1", true],
  ["::ffff:10.0.0.0/104", "::ffff:11.1.1.1", false],
  ["::ffff:10.0.0.1", "10.0.0.1", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["10.0.0.0/8", "::ffff:10.0.0.1%eth0", true],
  ["::1/128", "::1", true],
  ["::1", "127.0.0.1", false],
])("%s holds %s: %s", (network, address, holds) => {
  expect(createNetworks([network])(address)).toBe(holds);
});
