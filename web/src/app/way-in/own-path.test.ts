import { expect, test } from "vitest";
import { ownPath } from "./own-path.ts";

test.each(["/", "/identity/users", "/audit/sessions?open=1&at=2", "/me#keys", "/a//b", "/中文"])(
  "%s is a path of the console",
  (path) => expect(ownPath(path)).toBe(path),
);

// CVE-2025-58044
test.each([
  "//evil.example",
  "/\\evil.example",
  "/me\\..\\x",
  "https://evil.example/",
  "http:evil.example",
  "javascript:alert(1)",
  " /me",
  "/\t/evil.example",
  "/me\n",
  "me",
  "",
  null,
  undefined,
])("%j is not, and leads to the first page", (path) => expect(ownPath(path)).toBe("/"));
