import type { z } from "zod";
import type { Actor, Endpoint } from "../../src/core/index.ts";
import type { Database, Db } from "../../src/db/index.ts";
import { HOME, idOf, type Size } from "../../test/support/authorization-data.ts";

/** One measured operation: its 95th percentile, and what is asked of it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "MB";
  readonly goal?: number;
  /** How many times the figure of a tenth it may be. */
  readonly growth?: number;
}

export type Call = <I extends z.ZodType, O extends z.ZodType>(
  actor: Actor,
  endpoint: Endpoint<I, O>,
  input: z.input<I>,
) => Promise<z.output<O>>;

/** What every measurement needs: the product's actions, called as it calls them. */
export interface Stage {
  readonly database: Database;
  readonly db: Db;
  readonly size: Size;
  readonly call: Call;
  readonly admin: Actor;
}

const WARM_UP = 20;

/** The 95th percentile of some calls after others that warm up; `work` gets a number that no other call gets. */
export async function timed(
  name: string,
  calls: number,
  work: (number: number) => Promise<unknown>,
  wanted: Pick<Figure, "goal" | "growth"> = {},
): Promise<Figure> {
  const times: number[] = [];
  const warming = Math.min(WARM_UP, calls);
  for (let number = 0; number < warming + calls; number++) {
    const started = performance.now();
    await work(number);
    if (number >= warming) times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return { name: `${name}, p95`, value: times[Math.ceil(times.length * 0.95) - 1]!, unit: "ms", ...wanted };
}

export const person = (number: number): Actor & { id: string } => ({
  kind: "person",
  id: idOf("user", number),
  name: `person-${number}`,
  orgId: HOME,
  address: "127.0.0.1",
  via: "console",
  permissions: new Set(),
  signInId: null,
});

/** Another person each time, of those who reach much and those who reach little. */
export const anybody = ({ people }: Size, number: number) => person((number * 7919) % people);
