import { afterEach, expect, it, vi } from "vitest";
import { updateUser } from "../../../src/iam/schema.ts";
import { setActive } from "./set-active.ts";

const ID = "00000000-0000-4000-8000-000000000001";

/** A server that answers in this order, and what it was sent. */
function answers(...list: readonly (readonly [status: number, body: unknown])[]): unknown[] {
  const sent: unknown[] = [];
  vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => {
    const [status, answer] = list[sent.length]!;
    sent.push(JSON.parse(body));
    return Promise.resolve(Response.json(answer, { status }));
  });
  return sent;
}
afterEach(() => vi.unstubAllGlobals());

const conflict = (version?: number) =>
  [409, { error: "conflict", message: "Changed.", details: version ? { current: { version } } : {} }] as const;

it("tries once more on the newer version, and sends nothing but the switch", async () => {
  const sent = answers(conflict(7), [200, { id: ID }]);
  await setActive(updateUser, { id: ID, version: 3, active: false });
  expect(sent).toEqual([
    { version: 3, active: false },
    { version: 7, active: false },
  ]);
});

it("gives up after the second conflict, and at once when the conflict is about something else", async () => {
  const twice = answers(conflict(7), conflict(8));
  await expect(setActive(updateUser, { id: ID, version: 3, active: false })).rejects.toThrow("Changed.");
  expect(twice).toHaveLength(2);
  const other = answers(conflict());
  await expect(setActive(updateUser, { id: ID, version: 3, active: false })).rejects.toThrow("Changed.");
  expect(other).toHaveLength(1);
});
