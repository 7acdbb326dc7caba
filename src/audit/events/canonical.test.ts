import { expect, test } from "vitest";
import { canonicalJson, parseExactly } from "./canonical.ts";

test.each(["1.50", "-0", "1e30", "-2E5", "12345678901234567890", "1234567890123456", "-0.0"])(
  "keeps every digit of %s, wherever it stands",
  (number) => {
    for (const text of [
      number,
      ` ${number}`,
      `[${number}]`,
      `[1, ${number}]`,
      `{"a":\n ${number}}`,
      `{"a":[[${number}]]}`,
    ])
      expect(canonicalJson(parseExactly(text))).toBe(text.replaceAll(/\s/g, ""));
  },
);
