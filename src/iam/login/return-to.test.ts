import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { newId } from "../../core/index.ts";
import { violated } from "../../db/index.ts";
import { beginPasskeySignIn, beginRedirect, signIn } from "../schema.ts";

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const browser = { ...guest(), origin: "https://gate.example" };

// CVE-2025-58044: whoever signs in is sent to a path of the console and nowhere else.
test.each([
  "//evil.example",
  "/\\evil.example",
  "https://evil.example",
  "javascript:alert(1)",
  "/\t/evil.example",
  "x",
])("%j is no place to come back to", async (returnTo) => {
  const ways = [
    door.call(browser, signIn, { loginName: "nobody", password: "x", returnTo }),
    door.call(browser, beginRedirect, { backendId: newId(), returnTo }),
    door.call(browser, beginPasskeySignIn, { returnTo }),
  ];
  expect(await Promise.all(ways.map(door.codeOf))).toEqual(["invalid", "invalid", "invalid"]);
});

test.each(["//evil.example", "/\\evil.example", "https://evil.example", "x"])(
  "nor does the table take %j",
  async (returnTo) => {
    const row = { id: newId(), via: "console", return_to: returnTo, expires_at: new Date() };
    const refusal = await door.db.insertInto("sign_in_attempt").values(row).execute().catch(violated);
    expect(refusal).toBe("attempt_return_is_a_path");
  },
);

test("a path of the console is kept until one is in", async () => {
  await door.call(browser, beginPasskeySignIn, { returnTo: "/audit/sessions?open=1" });
  const kept = await door.db.selectFrom("sign_in_attempt").select("return_to").orderBy("id", "desc").executeTakeFirst();
  expect(kept?.return_to).toBe("/audit/sessions?open=1");
});
