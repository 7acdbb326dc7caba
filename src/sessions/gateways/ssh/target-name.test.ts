import { expect, test } from "vitest";
import { parseTargetName } from "./target-name.ts";

test.each([
  ["ann", { loginName: "ann", direct: null }],
  ["ann@root@web", { loginName: "ann", direct: { account: "root", asset: "web", protocol: null } }],
  ["ann#root#web", { loginName: "ann", direct: { account: "root", asset: "web", protocol: null } }],
  ["ann@root#web", { loginName: "ann", direct: { account: "root", asset: "web", protocol: null } }],
  ["ann@ssh@root@web", { loginName: "ann", direct: { account: "root", asset: "web", protocol: "ssh" } }],
  ["änn@größe@漢字", { loginName: "änn", direct: { account: "größe", asset: "漢字", protocol: null } }],
  ["ann@root@10.0.0.1", { loginName: "ann", direct: { account: "root", asset: "10.0.0.1", protocol: null } }],
  ["a".repeat(400), { loginName: "a".repeat(400), direct: null }],
])("%s", (text, name) => {
  expect(parseTargetName(text)).toEqual(name);
});

test.each(["", "@", "ann@", "@root@web", "ann@@web", "ann@web", "a@b@c@d@e", "ann@ssh@root@", "a".repeat(401)])(
  "%j is refused, with the way to write it",
  (text) => {
    expect(() => parseTargetName(text)).toThrow(
      expect.objectContaining({ code: "invalid", message: expect.stringContaining("NAME@ACCOUNT@ASSET") }),
    );
  },
);
