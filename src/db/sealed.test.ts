import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Fault } from "../core/index.ts";
import { createSealer, loadMasterKey } from "./index.ts";

const key = randomBytes(32);
const sealer = createSealer({ masterKeys: { current: key } });
const CONTEXT = "account.secret:0199-row";

describe("a sealed value", () => {
  test.each([
    ["a word", Buffer.from("correct horse")],
    ["nothing", Buffer.alloc(0)],
    ["any bytes", Buffer.from([0, 255, 1, 254, 0])],
    ["1 MiB", randomBytes(1 << 20)],
  ])("opens to %s", (_, text) => {
    const sealed = sealer.seal(text, CONTEXT);
    expect(sealed.length).toBe(text.length + 97);
    expect(sealer.open(sealed, CONTEXT).equals(text)).toBe(true);
  });

  test("leaves the caller's buffer alone and holds no trace of the text", () => {
    const text = Buffer.from("a secret that must not show");
    const sealed = sealer.seal(text, CONTEXT);
    expect(text.toString()).toBe("a secret that must not show");
    expect(sealed.includes("secret")).toBe(false);
  });

  test("takes text as UTF-8 and never seals alike", () => {
    expect(sealer.open(sealer.seal("pässwörd 密码", CONTEXT), CONTEXT).toString()).toBe("pässwörd 密码");
    expect(sealer.seal("x", CONTEXT).equals(sealer.seal("x", CONTEXT))).toBe(false);
  });

  test("does not open after any one bit was flipped", () => {
    const sealed = sealer.seal("correct horse", CONTEXT);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => sealer.open(altered, CONTEXT), `bit ${bit}`).toThrow(Fault);
    }
  });

  test("does not open when shortened or lengthened", () => {
    const sealed = sealer.seal("correct horse", CONTEXT);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.open(sealed.subarray(0, length), CONTEXT), `${length} bytes`).toThrow(Fault);
    }
    expect(() => sealer.open(Buffer.concat([sealed, Buffer.of(0)]), CONTEXT)).toThrow(Fault);
  });

  test.each(["account.secret:0199-other", "setting.secret:0199-row", "", `${CONTEXT}\0`])(
    "does not open in the place of %j",
    (context) => {
      const sealed = sealer.seal("correct horse", CONTEXT);
      expect(() => sealer.open(sealed, context)).toThrow(/altered/);
      expect(() => sealer.rewrap(sealed, context)).toThrow(/altered/);
    },
  );

  test("does not open with the wrapped key of another value or the text of another", () => {
    const [a, b] = [sealer.seal("aaaa", CONTEXT), sealer.seal("bbbb", CONTEXT)];
    expect(() => sealer.open(Buffer.concat([a.subarray(0, 69), b.subarray(69)]), CONTEXT)).toThrow(/altered/);
  });

  test("refuses an empty context and a text that is too long", () => {
    expect(() => sealer.seal("x", "")).toThrow(RangeError);
    expect(() => sealer.seal(Buffer.alloc((1 << 20) + 1), CONTEXT)).toThrow(RangeError);
  });

  test("a Fault names neither text nor key", () => {
    const sealed = sealer.seal("planted-secret", CONTEXT);
    sealed[90]! ^= 1;
    let message = "";
    try {
      sealer.open(sealed, CONTEXT);
    } catch (error) {
      message = `${(error as Error).stack} ${JSON.stringify(error)}`;
    }
    expect(message).toContain("altered");
    expect(message).not.toContain("planted");
    expect(message).not.toContain(key.toString("base64"));
  });
});

describe("a new master key", () => {
  const next = randomBytes(32);
  const rotated = createSealer({ masterKeys: { current: next, previous: [key] } });
  const after = createSealer({ masterKeys: { current: next } });

  test("opens old values, rewraps them without touching the text, then stands alone", () => {
    const old = sealer.seal("kept", CONTEXT);
    expect(rotated.open(old, CONTEXT).toString()).toBe("kept");
    expect(rotated.isCurrent(old)).toBe(false);
    const fresh = rotated.rewrap(old, CONTEXT);
    expect(rotated.isCurrent(fresh)).toBe(true);
    expect(fresh.subarray(69).equals(old.subarray(69))).toBe(true);
    expect(after.open(fresh, CONTEXT).toString()).toBe("kept");
  });

  test("an unknown key is told from an altered value", () => {
    expect(() => after.open(sealer.seal("kept", CONTEXT), CONTEXT)).toThrow(/master key that is not loaded/);
  });

  test("refuses a key of the wrong length", () => {
    expect(() => createSealer({ masterKeys: { current: randomBytes(16) } })).toThrow(RangeError);
  });
});

describe("the master key", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-key-"));
  afterAll(() => rm(directory, { recursive: true }));
  const file = join(directory, "master.key");

  test("is made once, mode 0600, by however many starts at once", async () => {
    await expect(loadMasterKey({ file })).rejects.toThrow(/missing/);
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadMasterKey({ file, create: true })));
    expect(new Set(keys.map((one) => one.toString("hex"))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["master.key"]);
    expect(await loadMasterKey({ value: await readFile(file, "utf8") })).toEqual(keys[0]);
  });

  test.each([0o644, 0o640, 0o604, 0o620])("is refused when its mode is %o", async (mode) => {
    await chmod(file, mode);
    await expect(loadMasterKey({ file })).rejects.toThrow(`chmod 600 ${file}`);
    await chmod(file, 0o600);
    await loadMasterKey({ file });
  });

  test.each(["", "short", randomBytes(31).toString("base64"), randomBytes(33).toString("base64"), "!".repeat(44)])(
    "is refused when it reads %j",
    async (value) => {
      await expect(loadMasterKey({ value })).rejects.toThrow(/32 bytes/);
      const wrong = join(directory, "wrong.key");
      await writeFile(wrong, value, { mode: 0o600 });
      await expect(loadMasterKey({ file: wrong, create: true })).rejects.toThrow(/32 bytes/);
    },
  );
});
