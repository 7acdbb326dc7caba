import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { newId } from "../../core/index.ts";
import { dropOldTickets, type Ticket, useTicket, writeTicket } from "./ticket.store.ts";

let place: TestDatabase;
beforeAll(async () => void (place = await testDatabase()));
afterAll(() => place?.close());

const gatewayId = newId();
const person = { id: newId(), name: "Ann", orgId: newId(), address: "10.0.0.1", signInId: newId(), apiKeyId: null };
const watch: Ticket = { kind: "watch", person, sessionId: newId() };
const open: Ticket = {
  kind: "open",
  person: { ...person, address: null, signInId: null, apiKeyId: null },
  assetId: newId(),
  accountId: newId(),
  protocol: "ssh",
  cols: 80,
  rows: 24,
};
const DENIED = { code: "denied" };
const db = () => place.database.db;
const write = (ticket: Ticket = watch) => writeTicket(db(), gatewayId, ticket);
const age = (seconds: number) =>
  sql`update gateway_ticket set expires_at = expires_at - make_interval(secs => ${seconds})`.execute(db());

test.each([watch, open])("a permit says what it was written for: $kind", async (ticket) => {
  expect(await useTicket(db(), gatewayId, await write(ticket))).toEqual(ticket);
});

test("it is good once, also for two at the same moment", async () => {
  const token = await write();
  const uses = await Promise.allSettled([1, 2, 3].map(() => useTicket(db(), gatewayId, token)));
  expect(uses.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
  await expect(useTicket(db(), gatewayId, token)).rejects.toMatchObject(DENIED);
});

test("it is good at its own gateway only, and not used up elsewhere", async () => {
  const token = await write();
  await expect(useTicket(db(), newId(), token)).rejects.toMatchObject(DENIED);
  expect(await useTicket(db(), gatewayId, token)).toEqual(watch);
});

test("it is good for 30 seconds", async () => {
  const [first, second] = [await write(), await write()];
  await age(25);
  expect(await useTicket(db(), gatewayId, first)).toEqual(watch);
  await age(6);
  await expect(useTicket(db(), gatewayId, second)).rejects.toMatchObject(DENIED);
});

test.each(["", "x", "x".repeat(100_000)])("a made-up one is refused", async (token) => {
  await expect(useTicket(db(), gatewayId, token)).rejects.toMatchObject(DENIED);
});

test("its token is not in the database", async () => {
  const token = await write();
  const { rows } = await sql<{ row: string }>`select t::text as row from gateway_ticket t`.execute(db());
  const all = JSON.stringify(rows);
  expect(rows.length).toBeGreaterThan(0);
  for (const form of [token, Buffer.from(token).toString("hex"), Buffer.from(token, "base64url").toString("hex")])
    expect(all).not.toContain(form);
});

test("old ones that nobody used are removed, others stay", async () => {
  await sql`delete from gateway_ticket`.execute(db());
  await write();
  await age(31);
  const token = await write();
  await dropOldTickets(db());
  const { rows } = await sql`select 1 from gateway_ticket`.execute(db());
  expect(rows).toHaveLength(1);
  expect(await useTicket(db(), gatewayId, token)).toEqual(watch);
});
