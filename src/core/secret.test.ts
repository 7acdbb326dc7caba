import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Comment, Host, Id, LoginName, Moment, Name, Port, plain, SecretText, secret } from "./fields.ts";
import { HIDDEN, redact } from "./secret.ts";

const shown = plain(z.string());
const hidden = secret(z.string());

describe("redact", () => {
  test.each([
    ["plain text", shown, "a", "a"],
    ["secret text", hidden, "a", HIDDEN],
    ["text nobody classified", z.string(), "a", HIDDEN],
    ["an id", Id, "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000001"],
    ["a moment", Moment, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
    ["a number", z.number(), 7, 7],
    ["a port", Port, 22, 22],
    ["a secret number", secret(z.number()), 123456, HIDDEN],
    ["a boolean", z.boolean(), true, true],
    ["a choice", z.enum(["a", "b"]), "a", "a"],
    ["nothing", hidden.nullable(), null, null],
    ["a secret that is left out", hidden.optional(), undefined, undefined],
    ["an optional secret", hidden.optional(), "a", HIDDEN],
    ["a secret with a default", hidden.default("x"), "a", HIDDEN],
    ["an optional plain text", shown.optional(), "a", "a"],
    ["a nullable plain text", shown.nullable().default(null), "a", "a"],
    ["a list", z.array(hidden), ["a", "b"], [HIDDEN, HIDDEN]],
    ["a list of plain texts", z.array(shown), ["a"], ["a"]],
    ["a record", z.record(z.string(), shown), { a: "a" }, HIDDEN],
    ["a tuple", z.tuple([shown, hidden]), ["a", "b"], HIDDEN],
    ["anything", z.unknown(), { a: 1 }, HIDDEN],
    [
      "text made by a transformation of plain text",
      z.pipe(
        shown,
        z.transform((text: string) => text.length),
      ),
      7,
      7,
    ],
    ["a refined secret", hidden.refine((text) => text.length > 0), "a", HIDDEN],
    ["a secret with another check", hidden.min(1), "a", HIDDEN],
    ["a branded secret", secret(z.string()).brand("x"), "a", HIDDEN],
    ["a read-only secret", hidden.readonly(), "a", HIDDEN],
    ["a secret object", secret(z.object({ a: shown })), { a: "a" }, HIDDEN],
  ])("%s", (_, schema, value, expected) => {
    expect(redact(schema, value)).toEqual(expected);
  });

  test("objects inside objects, and fields the schema does not name", () => {
    const schema = z.object({
      name: Name,
      secret: z.object({ kind: z.enum(["password"]), value: SecretText }).optional(),
    });
    const value = { name: "n", secret: { kind: "password", value: "v" }, extra: "e" };
    expect(redact(schema, value)).toEqual({ name: "n", secret: { kind: "password", value: HIDDEN }, extra: HIDDEN });
  });

  test("the union's part that fits decides", () => {
    const schema = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("password"), value: hidden }),
      z.object({ kind: z.literal("public"), value: shown }),
    ]);
    expect(redact(schema, { kind: "password", value: "v" })).toEqual({ kind: "password", value: HIDDEN });
    expect(redact(schema, { kind: "public", value: "v" })).toEqual({ kind: "public", value: "v" });
    expect(redact(schema, { kind: "neither" })).toBe(HIDDEN);
  });

  test("where several parts of a union fit, a secret of any of them stays hidden", () => {
    expect(redact(z.union([shown, hidden]), "v")).toBe(HIDDEN);
    expect(redact(z.union([hidden, shown]), "v")).toBe(HIDDEN);
    const schema = z.union([z.object({ a: shown }), z.object({ a: hidden, b: z.number() })]);
    expect(JSON.stringify(redact(schema, { a: "v", b: 1 }))).not.toContain('v"');
    expect(redact(schema, { a: "v" })).toEqual({ a: "v" });
    expect(redact(z.union([shown, z.number()]), "v")).toBe("v");
  });

  test("the value itself is not changed", () => {
    const value = { password: "v" };
    redact(z.object({ password: hidden }), value);
    expect(value).toEqual({ password: "v" });
  });
});

describe("fields", () => {
  test.each([
    ["a name with a line break", Name, "a\nb"],
    ["a name with an invisible direction mark", Name, "a\u202Eb"],
    ["an empty name", Name, "  "],
    ["a long name", Name, "a".repeat(129)],
    ["a login name with @", LoginName, "a@b"],
    ["a login name with a colon", LoginName, "a:b"],
    ["a new login name with #, where the SSH form is split", LoginName, "a#b"],
    ["a login name with a slash", LoginName, "../a"],
    ["a login name with a NUL", LoginName, "a\0"],
    ["a remark that is too long", Comment, "a".repeat(2001)],
    ["a host that is an option", Host, "-oProxyCommand=id"],
    ["a host with a space", Host, "a b"],
    ["a host with a slash", Host, "a/b"],
    ["port 0", Port, 0],
    ["port 65536", Port, 65536],
    ["half a port", Port, 1.5],
    ["an empty secret", SecretText, ""],
    ["a moment without zone", Moment, "2026-01-01T00:00:00"],
  ])("%s is refused", (_, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });

  test.each([
    ["a name", Name, " Grüße 世界 ", "Grüße 世界"],
    ["a remark of two lines", Comment, "a\nb\tc", "a\nb\tc"],
    ["a host name", Host, "db-1.example.org", "db-1.example.org"],
    ["an IPv6 address with zone", Host, "fe80::1%eth0", "fe80::1%eth0"],
  ])("%s is taken", (_, schema, value, expected) => {
    expect(schema.parse(value)).toBe(expected);
  });
});
