import { describe, expect, test } from "vitest";
import { createAudience, type Onlooker } from "./audience.ts";

function onlooker(options: { announced?: boolean; keepsUp?: () => boolean } = {}) {
  const { announced = true, keepsUp = () => true } = options;
  const seen: string[] = [];
  const one: Onlooker = {
    name: "Ann",
    announced,
    show(bytes) {
      seen.push(Buffer.from(bytes).toString());
      return keepsUp();
    },
    resized: (cols, rows) => void seen.push(`${cols}x${rows}`),
    ended: ({ reason }) => void seen.push(`ended ${reason}`),
  };
  return { one, seen };
}

const audience = (size = { cols: 80, rows: 24 }, screen = true) => createAudience({ size, screen });
const END = { reason: "exited", detail: null, exitCode: 0 };

describe("who looks on", () => {
  test("is shown the size and the screen, then what follows, then the end", () => {
    const { one, seen } = onlooker();
    const session = audience();
    session.shown(Buffer.from("before"));
    session.join(one);
    session.shown(Buffer.from("after"));
    session.resized(100, 30);
    session.ended(END);
    session.shown(Buffer.from("late"));
    expect(seen).toEqual(["80x24", "before", "after", "100x30", "ended exited"]);
  });

  test("is given bytes of its own: the session's are written over", () => {
    const shown: Uint8Array[] = [];
    const session = audience();
    session.join({ ...onlooker().one, show: (bytes) => Boolean(shown.push(bytes)) });
    const bytes = Buffer.from("after");
    session.shown(bytes);
    bytes.fill("x");
    expect(Buffer.concat(shown).toString()).toBe("after");
    expect(session.screen().toString()).toBe("after");
  });

  test("of a stream of bytes sees only what follows", () => {
    const { one, seen } = onlooker();
    const session = audience(undefined, false);
    session.shown(Buffer.from("before"));
    session.join(one);
    session.shown(Buffer.from("after"));
    expect(seen).toEqual(["80x24", "after"]);
    expect(session.screen()).toHaveLength(0);
  });

  test("is let go when it cannot keep up; others are not", () => {
    const [slow, quick] = [onlooker({ keepsUp: () => false }), onlooker()];
    const session = audience();
    session.join(slow.one);
    session.join(quick.one);
    session.shown(Buffer.from("a"));
    session.shown(Buffer.from("b"));
    expect(slow.seen).toEqual(["80x24", "", "a"]);
    expect(quick.seen).toEqual(["80x24", "", "a", "b"]);
    expect(session.names()).toEqual(["Ann"]);
  });

  test("is told of once on coming and once on going, by name if announced", () => {
    const session = audience();
    const names: string[][] = [];
    session.onChange(() => names.push(session.names()));
    const leave = session.join(onlooker().one);
    session.join(onlooker({ announced: false }).one);
    leave();
    leave();
    expect(names).toEqual([["Ann"], ["Ann"], []]);
  });

  test("is refused beyond fifty, in words", () => {
    const session = audience();
    for (let count = 0; count < 50; count++) session.join(onlooker().one);
    const late = onlooker();
    expect(() => session.join(late.one)).toThrow(/50 people watch/);
    session.shown(Buffer.from("a"));
    expect(late.seen).toEqual([]);
  });
});

test.each([
  [
    { cols: 10_000, rows: 50 },
    { cols: 1000, rows: 50 },
  ],
  [
    { cols: 0, rows: 0 },
    { cols: 1, rows: 1 },
  ],
  [
    { cols: 1000, rows: 1001 },
    { cols: 1000, rows: 1000 },
  ],
])("a size of %o is shown as %o, at the start and after a change", (given, shown) => {
  const [start, change] = [onlooker(), onlooker()];
  audience(given).join(start.one);
  const session = audience();
  session.join(change.one);
  session.resized(given.cols, given.rows);
  expect(session.size).toEqual(shown);
  expect([start.seen[0], change.seen.at(-1)]).toEqual(Array(2).fill(`${shown.cols}x${shown.rows}`));
});
