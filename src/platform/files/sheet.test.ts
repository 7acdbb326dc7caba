import { describe, expect, test } from "vitest";
import { guarded, guardedText, momentOf, withoutGuard } from "./cells.ts";
import { readRows, writeRows } from "./sheet.ts";

describe("files that are too much", () => {
  test("too many rows, and an XLSX that says it unpacks to gigabytes, are refused", async () => {
    const rows = ["login name", ...Array.from({ length: 20_001 }, (_, index) => `m${index}`)].join("\n");
    await expect(readRows(Buffer.from(rows))).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining("20000"),
    });
    const bomb = Buffer.from(await writeRows([["login name"], ["a"]]));
    const entry = bomb.indexOf(Buffer.from("504b0102", "hex"));
    bomb.writeUInt32LE(0xf0000000, entry + 24);
    await expect(readRows(bomb)).rejects.toMatchObject({ message: expect.stringContaining("200 MB") });
  }, 30_000);
});

describe("cells", () => {
  test.each(["=1+1", "+49", "-1", "@all", "'=1", "''@x", "plain", "it's", "'quoted'", ""])(
    "%j is guarded and comes back",
    (text) => {
      expect(guarded(text)).not.toMatch(/^[=+\-@]/);
      expect(withoutGuard(guarded(text))).toBe(text);
      expect(withoutGuard(guardedText(text))).toBe(text);
    },
  );

  test("moments keep their seconds, and a day begins at midnight UTC", () => {
    expect(momentOf("End", "2027-01-31")).toBe("2027-01-31T00:00:00.000Z");
    expect(momentOf("End", "2027-01-31 08:30")).toBe("2027-01-31T08:30:00.000Z");
    expect(momentOf("End", "2027-01-31T08:30:15.250+02:00")).toBe("2027-01-31T06:30:15.250Z");
    expect(() => momentOf("End", "tomorrow")).toThrow("End: write a day as 2027-01-31.");
  });
});
