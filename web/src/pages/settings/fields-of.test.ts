import { describe, expect, test } from "vitest";
import { fieldShape } from "../../kit/field-kind.ts";
import { descriptionOf, fieldsOf } from "./fields-of.ts";
import { humanized } from "./words.ts";

const schema = {
  properties: {
    host: {
      anyOf: [
        { type: "string", const: "" },
        { type: "string", maxLength: 255 },
      ],
      default: "",
    },
    port: { description: "The port.", type: "integer", minimum: 1, maximum: 65535, default: 587 },
    mode: { type: "string", enum: ["a", "b"], default: "a" },
    on: { type: "boolean", default: false },
    words: { type: "array", items: { type: "string" }, default: [] },
    code: { type: "string", writeOnly: true },
    until: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], default: null },
  },
};
const fields = fieldsOf(schema, ({ least, most }) => `${least}-${most}`);
const shapeOf = (name: string) => fieldShape(name, fields[name]!);

describe("the fields of a group of settings", () => {
  test.each([
    ["host", "text"],
    ["port", "number"],
    ["mode", "choice"],
    ["on", "switch"],
    ["words", "words"],
    ["code", "secret"],
    ["until", "number"],
  ])("%s is drawn as %s", (name, kind) => {
    expect(shapeOf(name).kind).toBe(kind);
    expect(fields[name]?.safeParse(undefined).success).toBe(true);
  });

  test("keep their limits, in words", () => {
    expect(fields.port?.safeParse(0).error?.issues[0]?.message).toBe("1-65535");
    expect(fields.port?.safeParse(1.5).success).toBe(false);
    expect(fields.mode?.safeParse("c").success).toBe(false);
    expect(shapeOf("mode").choices).toEqual(["a", "b"]);
    expect(shapeOf("until").nullable).toBe(true);
  });

  test("are described by the server where the console has no words", () => {
    expect(descriptionOf(schema, "port")).toBe("The port.");
    expect(descriptionOf(schema, "host")).toBe("");
  });

  test("without words of their own are named after their key", () => {
    expect(humanized("fromAddress")).toBe("From address");
    expect(humanized("sign-in-limits")).toBe("Sign in limits");
  });
});
