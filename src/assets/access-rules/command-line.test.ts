import { describe, expect, test } from "vitest";
import { createCommandFilter } from "./command-line.ts";

const words = (commands: string[], ignoreCase = true) => createCommandFilter({ commands, patterns: [], ignoreCase });
const globs = (patterns: string[], ignoreCase = true) => createCommandFilter({ commands: [], patterns, ignoreCase });

describe("whole words", () => {
  test.each([
    ["rm", "rm -rf /", true],
    ["rm", "sudo rm x", true],
    ["rm", "ls;rm x", true],
    ["rm", "ls && rm x", true],
    ["rm", "true|rm", true],
    ["rm", "/bin/rm x", true],
    ["rm", "$(rm x)", true],
    ["rm", "`rm x`", true],
    ["rm", "RM x", true],
    ["rm", "r\\m x", true],
    ["rm", "'rm' x", true],
    ["rm", 'r""m x', true],
    ["rm", "rmdir x", false],
    ["rm", "perform x", false],
    ["rm", "rm-old", false],
    ["rm", "cat rm.txt", false],
    ["rm -rf", "rm    -rf /", true],
    ["rm -rf", "rm -r -f /", false],
    ["rm -rf", "rm -rfv /", false],
    [">", "cat a > b", true],
    ["删除", "请 删除 它", true],
    ["删除", "不删除它", false],
    ["(", "echo (", true],
    [".*", "rm x", false],
    ["rm", "", false],
  ])("%s in %j: %s", (command, line, expected) => {
    expect(words([command])(line) !== null).toBe(expected);
  });

  test("name what was found, and tell cases apart where that is asked", () => {
    expect(words(["shutdown", "rm"])("sudo rm x")).toBe("rm");
    expect(words(["rm"], false)("RM x")).toBeNull();
    expect(words(["rm"], false)("rm x")).toBe("rm");
  });
});

describe("patterns", () => {
  test.each([
    ["rm *", "rm x", true],
    ["rm *", "ls; rm x", true],
    ["rm *", "ls\nrm x", true],
    ["rm *", "rmdir x", false],
    ["rm *", "sudo rm x", false],
    ["*rm *", "sudo rm x", true],
    ["r?", "rm", true],
    ["r?", "rmm", false],
    ["*", "", true],
    ["a*b*c", "axxbxxc", true],
    ["a*b*c", "axxcxxb", false],
    ["[a-z]", "a", false],
    ["systemctl stop *", "SYSTEMCTL   stop  sshd", true],
    ["dd * of=/dev/*", "dd if=/dev/zero of=/dev/sda", true],
  ])("%s fits %j: %s", (pattern, line, expected) => {
    expect(globs([pattern])(line) !== null).toBe(expected);
  });

  test("whatever is typed takes time in proportion, however many stars there are", () => {
    const evil = globs([`${"*a".repeat(100)}b`, `${"?*".repeat(120)}x`]);
    const started = performance.now();
    expect(evil("a".repeat(20_000))).toBeNull();
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("any line and any pattern is judged without an error", () => {
    const pieces = ["*", "?", "a", "rm", " ", ";", "\\", "(", "[", "$(", "\u0000", "\ud800", "ß", "\n"];
    let seed = 5;
    const below = (count: number): number => (seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) % count;
    const text = (most: number): string =>
      Array.from({ length: 1 + below(most) }, () => pieces[below(pieces.length)]).join("");
    for (let round = 0; round < 3000; round++) {
      const filter = createCommandFilter({ commands: [text(5)], patterns: [text(8)], ignoreCase: below(2) === 0 });
      expect(["string", "object"]).toContain(typeof filter(text(40)));
    }
  });
});
