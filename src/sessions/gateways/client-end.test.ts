import { expect, test } from "vitest";
import { asLine } from "./client-end.ts";

test("words from anybody become one line without control characters", () => {
  expect(asLine("Approved.\r\n\u001b[2J\u001b]0;x\u0007Password: \u202eevil\u009b31m")).toBe(
    "Approved. [2J]0;xPassword: evil31m",
  );
  expect(asLine("审批通过：值班 – ok")).toBe("审批通过：值班 – ok");
});
