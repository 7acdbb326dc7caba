import { afterEach, describe, expect, test, vi } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { readMe, removeUserSshKey, signIn, updateUser } from "../../src/iam/schema.ts";
import { openTerminal } from "../../src/sessions/schema.ts";
import { addressOf, ApiFault, call, onSignedOut } from "./api.ts";

const answer = (status: number, body: unknown) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => new Response(JSON.stringify(body), { status })),
  );
const refusal = (error: string) => ({
  error,
  message: "Words.",
  details: { problems: [{ path: "name", message: "No." }] },
  requestId: "r-1",
});

afterEach(() => vi.unstubAllGlobals());

describe("addresses", () => {
  test("a read carries its input in the query, without blanks", () => {
    expect(addressOf(listAuditEvents, { search: "a b&c", cursor: undefined, outcome: "", limit: 5 })).toEqual({
      method: "GET",
      path: "/api/audit/events?search=a+b%26c&limit=5",
      body: undefined,
    });
  });

  test("parts of the route are filled and leave the body", () => {
    expect(addressOf(updateUser, { id: "a/b", version: 1, name: "x" })).toEqual({
      method: "PATCH",
      path: "/api/users/a%2Fb",
      body: '{"version":1,"name":"x"}',
    });
    expect(addressOf(removeUserSshKey, { id: "1", keyId: "2" }).path).toBe("/api/users/1/ssh-keys/2");
    expect(() => addressOf(updateUser, { version: 1 })).toThrow("user.update needs id");
  });

  test("a socket is like a read", () => {
    expect(addressOf(openTerminal, { assetId: "1", accountId: "2", cols: 80 }).path).toBe(
      "/api/terminal?assetId=1&accountId=2&cols=80",
    );
  });
});

describe("faults", () => {
  test("carry code, words, request and the problems of fields", async () => {
    answer(422, refusal("invalid"));
    const fault = await call(updateUser, { id: "1", version: 1 }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ApiFault);
    expect(fault).toMatchObject({
      code: "invalid",
      status: 422,
      message: "Words.",
      requestId: "r-1",
      problems: [{ path: "name", message: "No." }],
    });
  });

  test("a lost session is announced, a wrong password is not", async () => {
    const heard = vi.fn();
    const stop = onSignedOut(heard);
    answer(401, refusal("unauthenticated"));
    await expect(call(signIn, { loginName: "a", password: "b" })).rejects.toMatchObject({ code: "unauthenticated" });
    expect(heard).not.toHaveBeenCalled();
    await expect(call(readMe, {})).rejects.toMatchObject({ code: "unauthenticated" });
    expect(heard).toHaveBeenCalledOnce();
    stop();
  });

  test("no server and a proxy's own error page are one thing", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => Promise.reject(new TypeError("failed"))),
    );
    await expect(call(readMe, {})).rejects.toMatchObject({ code: "offline", status: 0 });
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => new Response("<html>", { status: 502 })),
    );
    await expect(call(readMe, {})).rejects.toMatchObject({ code: "offline", status: 502 });
  });
});
