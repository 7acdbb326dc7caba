import { AccessBody } from "../../../../src/assets/schema.ts";

/** What a request for access asks for; null for a ticket of another kind. */
export function accessOf(kind: string, body: unknown): AccessBody | null {
  if (kind !== "access" && kind !== "break-glass") return null;
  const parsed = AccessBody.safeParse(body);
  return parsed.success ? parsed.data : null;
}

/** What a reviewer chose to give. */
export interface Given {
  readonly assetIds: readonly string[];
  readonly nodeIds: readonly string[];
  readonly accounts: readonly string[];
  readonly actions: readonly string[];
  readonly minutes: number;
}

export const allOf = (asked: AccessBody): Given => ({
  assetIds: asked.assets.map(({ id }) => id),
  nodeIds: asked.nodes.map(({ id }) => id),
  accounts: asked.accounts,
  actions: asked.actions,
  minutes: asked.minutes,
});

/** Whether anything is left to be given. */
export const isSomething = (given: Given): boolean =>
  given.assetIds.length + given.nodeIds.length > 0 &&
  given.accounts.length > 0 &&
  given.actions.length > 0 &&
  given.minutes >= 5;

/** The body that is sent; undefined: as it was asked. */
export function narrowedBody(asked: AccessBody, given: Given): AccessBody | undefined {
  const body = {
    ...asked,
    assets: asked.assets.filter(({ id }) => given.assetIds.includes(id)),
    nodes: asked.nodes.filter(({ id }) => given.nodeIds.includes(id)),
    accounts: asked.accounts.filter((name) => given.accounts.includes(name)),
    actions: asked.actions.filter((action) => given.actions.includes(action)),
    minutes: Math.min(given.minutes, asked.minutes),
  };
  return JSON.stringify(body) === JSON.stringify(asked) ? undefined : body;
}
