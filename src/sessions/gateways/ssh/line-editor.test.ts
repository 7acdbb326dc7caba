import { describe, expect, test } from "vitest";
import { createLineEditor, fit, type LineEvent } from "./line-editor.ts";

function editor() {
  let echoed = "";
  const made = createLineEditor({ echo: (text) => void (echoed += text) });
  return { ...made, type: (text: string) => made.feed(Buffer.from(text)), echoed: () => echoed };
}

const line = (text: string): LineEvent => ({ kind: "line", text });

describe("a line", () => {
  test.each([
    ["web\r", "web"],
    ["web\n", "web"],
    ["  web  \r", "web"],
    ["wec\x7fb\r", "web"],
    ["wec\bb\r", "web"],
    ["\x7f\x7fweb\r", "web"],
    ["nonsense\x15web\r", "web"],
    ["web server\x17box\r", "web box"],
    ["web server  \x17box\r", "web box"],
    ["one\x17two\r", "two"],
    ["größe-漢字\r", "größe-漢字"],
    ["a\u{1f600}\x7fb\r", "ab"],
    ["w\x1b[Ae\x1b[1;5Cb\r", "web"],
    ["w\x1bOPe\x1bxb\r", "web"],
    ["w\x00\x01\tb\r", "wb"],
    ["\r", ""],
    [`${"x".repeat(300)}\r`, "x".repeat(200)],
  ])("%j reads as %j", async (typed, text) => {
    const { type, next } = editor();
    type(typed);
    expect(await next()).toEqual(line(text));
  });

  test("is echoed as it is edited; wide characters take two cells to erase", async () => {
    const { type, next, echoed } = editor();
    const waits = next();
    type("a漢\x7f\x7f");
    expect(echoed()).toBe("a漢\b \b\b \b\b \b");
    type("b\r");
    await waits;
    expect(echoed()).toBe("a漢\b \b\b \b\b \bb\r\n");
  });

  test("may come in pieces, also of one character", async () => {
    const { feed, next } = editor();
    const waits = next();
    for (const byte of Buffer.from("größe\r")) feed(Buffer.from([byte]));
    expect(await waits).toEqual(line("größe"));
  });

  test("CR LF ends one line, not two", async () => {
    const { type, next } = editor();
    type("one\r\ntwo\r\n");
    expect([await next(), await next()]).toEqual([line("one"), line("two")]);
    const third = next();
    type("three\n");
    expect(await third).toEqual(line("three"));
  });
});

test("Ctrl-C cancels what was typed; Ctrl-D leaves on an empty line only", async () => {
  const { type, next, echoed } = editor();
  type("some\x03\x04");
  expect(await next()).toEqual({ kind: "cancel" });
  expect(echoed()).toBe("some^C\r\n");
  expect(await next()).toEqual({ kind: "leave" });
  type("a\x04b\r");
  expect(await next()).toEqual(line("ab"));
});

test("what follows a line waits unseen, and can be taken away", async () => {
  const { type, next, rest, echoed } = editor();
  type("one\rpassword");
  expect(await next()).toEqual(line("one"));
  expect(echoed()).toBe("one\r\n");
  expect(rest().toString()).toBe("password");
  expect(rest()).toHaveLength(0);
});

test("keeps at most 4,000 characters of what is typed ahead", () => {
  const { type, rest } = editor();
  type("x".repeat(3000));
  type("y".repeat(3000));
  expect(rest().toString()).toBe("x".repeat(3000) + "y".repeat(1000));
});

test("the end of input leaves, after what was typed", async () => {
  const { type, next, end } = editor();
  type("one\r");
  end();
  expect([await next(), await next(), await next()]).toEqual([line("one"), { kind: "leave" }, { kind: "leave" }]);
});

test.each([
  ["web", 5, "web  "],
  ["web-server", 5, "web-s"],
  ["漢字漢字", 5, "漢字 "],
  ["", 3, "   "],
  ["web", 0, ""],
])("%j in %i cells is %j", (text, cells, fitted) => {
  expect(fit(text, cells)).toBe(fitted);
});
