import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createGrant } from "../../../src/assets/schema.ts";
import { addMySshKey, createUser, setUserPassword, updateUser } from "../../../src/iam/schema.ts";
import { differences, fieldShape, fieldsOf, problemOf, problemsOf, toSend } from "./field-kind.ts";

const shapeOf = (endpoint: { input: z.ZodType }, name: string) => fieldShape(name, fieldsOf(endpoint.input)[name]!);

describe("how a field is drawn", () => {
  test.each([
    [createUser, "name", "text", true],
    [createUser, "email", "text", false],
    [createUser, "comment", "long-text", false],
    [createUser, "active", "switch", false],
    [createUser, "roles", "words", false],
    [createUser, "password", "secret", false],
    [setUserPassword, "password", "secret", true],
    [setUserPassword, "id", "id", true],
    [addMySshKey, "publicKey", "long-text", true],
    [createGrant, "userIds", "ids", false],
    [createGrant, "actions", "choices", false],
    [createGrant, "accounts", "group", true],
    [createGrant, "startsAt", "moment", false],
    [createGrant, "expiresAt", "moment", false],
  ] as const)("%o %s is %s", (endpoint, name, kind, required) => {
    const shape = shapeOf(endpoint, name);
    expect(shape.kind).toBe(kind);
    expect(shape.required).toBe(required);
  });

  test("takes defaults, choices and the empty value from the schema", () => {
    expect(shapeOf(createUser, "active").initial).toBe(true);
    expect(shapeOf(createUser, "roles").initial).toEqual(["user"]);
    expect(shapeOf(createUser, "email").initial).toBeNull();
    expect(shapeOf(createGrant, "actions").choices).toContain("download");
    expect(shapeOf(createGrant, "accounts").initial).toMatchObject({ all: false, names: [] });
  });
});

describe("problems", () => {
  test("are those of the schema, and an empty optional field has none", () => {
    const fields = fieldsOf(createUser.input);
    expect(problemOf(fields.name!, "")).toBe("Give it a name.");
    expect(problemOf(fields.loginName!, "a b")).toMatch(/No spaces/);
    expect(problemOf(fields.email!, "")).toBeNull();
    expect(problemOf(fields.email!, "no mail")).toBe("Not a mail address.");
    expect(problemOf(fields.password!, "")).toBeNull();
    // How long it must be at least is a setting, which the server judges.
    expect(problemOf(fields.password!, "x".repeat(10_000))).not.toBeNull();
  });

  test("carry dotted paths, the first problem of a path", () => {
    const schema = z.object({ secret: z.object({ value: z.string().min(3, "three").min(5, "five") }) });
    expect(problemsOf(schema, { secret: { value: "" } })).toEqual({ "secret.value": "three" });
  });
});

describe("what is sent", () => {
  const before = { name: "Ada", email: "ada@example.org", comment: "x", active: true, roles: ["user"], version: 3 };

  test("of a change only what changed, blanks as null or empty text", () => {
    const sent = toSend(updateUser.input, { ...before, email: "", comment: "", roles: ["user", "auditor"] }, before);
    expect(sent).toEqual({ version: 3, email: null, comment: "", roles: ["user", "auditor"] });
  });

  test("of a new thing everything but blank optional fields", () => {
    const sent = toSend(
      createUser.input,
      { loginName: "ada", name: "Ada", email: "", comment: "", active: true, roles: [], password: "" },
      null,
    );
    expect(sent).toEqual({ loginName: "ada", name: "Ada", email: null, active: true, roles: [] });
  });

  test("a conflict names the fields that differ, not the version", () => {
    expect(differences({ name: "A", active: true, version: 1 }, { name: "B", active: true, version: 2 })).toEqual([
      "name",
    ]);
  });
});
