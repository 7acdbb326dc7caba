import { expect, test } from "vitest";
import { judge } from "./strength.ts";

test.each([
  ["password1234", "weak", "common"],
  ["P@ssw0rd!P@ssw0rd!", "weak", "common"],
  ["aaaaaaaaaaaaaaaaaaaa", "weak", "repeats"],
  ["qwertyuiop123456", "weak", "common"],
  ["mara-lindqvist-1", "weak", "personal"],
  ["abcabcabcabcabc", "weak", "repeats"],
  ["kV9#tq2!Lw7z", "good", null],
  ["correct horse battery staple", "strong", null],
  ["vT7$k2Qz!mB9xL4#", "strong", null],
])("%s is %s", (password, strength, because) => {
  expect(judge(password, ["Mara Lindqvist", "mara"])).toEqual({ strength, because });
});
