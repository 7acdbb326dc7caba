import { z } from "zod";
import { endpoint, listInput, listOutput } from "../../../../src/core/endpoint.ts";
import { ApiFault, answerLocally } from "../../api.ts";

const ROWS = 10_000;
const TEAMS = ["Platform", "Payments", "Search", "Mobile", "Data"] as const;
const STATES = ["good", "warn", "bad", "off"] as const;

const KitRow = z.object({
  id: z.string(),
  name: z.string(),
  team: z.enum(TEAMS),
  state: z.enum(STATES),
  at: z.string(),
  size: z.number(),
});
export type KitRow = z.output<typeof KitRow>;

export const listKitRows = endpoint({
  route: "GET /kit/rows",
  name: "kit.row.list",
  title: "Rows of the kit's page; answered in the browser",
  input: listInput({ team: z.enum(TEAMS).optional(), state: z.enum(STATES).optional() }),
  output: listOutput(KitRow),
});

export const saveKitRow = endpoint({
  route: "PATCH /kit/rows/:id",
  name: "kit.row.update",
  title: "A form of the kit's page; answered in the browser",
  input: z.object({
    id: z.string(),
    version: z.number(),
    name: z.string().trim().min(1, "Give it a name.").max(40, "At most 40 characters."),
    note: z.string().max(2000).default(""),
    password: z.string().min(12, "At least 12 characters.").optional(),
    port: z.number().int().min(1).max(65_535),
    active: z.boolean().default(true),
    state: z.enum(STATES),
    actions: z.array(z.enum(["connect", "upload", "download", "copy", "paste"])).default([]),
    tags: z.array(z.string()).default([]),
    ownerIds: z.array(z.uuid()).default([]),
    until: z.iso.datetime({ offset: true }).nullable().default(null),
  }),
  output: z.object({}),
});

const rows: readonly KitRow[] = Array.from({ length: ROWS }, (_, at) => ({
  id: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
  name: `host-${String(at).padStart(5, "0")}.example`,
  team: TEAMS[(at * 7) % TEAMS.length]!,
  state: STATES[(at * 11) % STATES.length]!,
  at: new Date(Date.now() - at * 97_000).toISOString(),
  size: (at * 7919) % 5_000_000,
}));

/** The version that "somebody else" saved, shown when the form is saved with the name "conflict". */
const theirs = { version: 2, name: "db-primary", port: 2222, state: "warn", active: false };

/** Makes the kit's page answer itself: `conflict` and `taken` as names show how a form is refused. */
export function answerKit(): void {
  answerLocally(listKitRows, ({ search = "", cursor = "0", limit = 100, team, state }) => {
    const fits = rows.filter(
      (row) => row.name.includes(search) && (!team || row.team === team) && (!state || row.state === state),
    );
    const at = Number(cursor);
    const next = at + Number(limit);
    return { items: fits.slice(at, next), next: next < fits.length ? String(next) : null, total: fits.length };
  });
  answerLocally(saveKitRow, async ({ name, version }) => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    if (name === "conflict" && version === 1) {
      throw new ApiFault({
        code: "conflict",
        status: 409,
        message: "Somebody else changed this meanwhile.",
        details: { current: theirs },
      });
    }
    if (name === "taken") {
      const problems = [{ path: "name", message: "Another one has this name." }];
      throw new ApiFault({
        code: "invalid",
        status: 422,
        message: "Another one has this name.",
        details: { problems },
        requestId: "req-7f3a",
      });
    }
    return {};
  });
}

export const TEAM_CHOICES = TEAMS;
export const STATE_CHOICES = STATES;
