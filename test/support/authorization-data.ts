import { sql } from "kysely";
import type { Db } from "../../src/db/index.ts";

/** How large a data set is. `levels`: nodes on each level below the root. */
export interface Size {
  readonly assets: number;
  readonly people: number;
  readonly groups: number;
  readonly rules: number;
  readonly levels: readonly number[];
}

export const FULL: Size = {
  assets: 100_000,
  people: 10_000,
  groups: 1_000,
  rules: 20_000,
  levels: [10, 50, 200, 600, 1_200, 2_400, 5_539],
};
export const TENTH: Size = {
  assets: 10_000,
  people: 1_000,
  groups: 100,
  rules: 2_000,
  levels: [5, 15, 40, 90, 170, 280, 399],
};

const KINDS = { org: 1, user: 2, group: 3, node: 4, asset: 5, account: 6, rule: 7 } as const;
type Kind = keyof typeof KINDS;

/** The id of the row with this number. */
export const idOf = (kind: Kind, number: number): string =>
  `00000000-000${KINDS[kind]}-7000-8000-${number.toString(16).padStart(12, "0")}`;

export const HOME = idOf("org", 1);
/** Reaches everything, and stands in as many groups as anybody. */
export const HEAVIEST = 0;
/** People whom nothing but one rule lets in anywhere: they hold the live sessions that are revoked. */
export const VISITORS = 50;
/** Numbered after the rules of the mixture. */
export const visitorsRule = (size: Size): string => idOf("rule", size.rules);
/** The first node on a level; level 0 lies right below the root. Numbers grow from level to level. */
export const firstOf = (size: Size, level: number): number => sum(size.levels.slice(0, level));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** SQL: the id of a row of the kind whose number an expression says. */
const id = (kind: Kind, number: string) =>
  `('00000000-000${KINDS[kind]}-7000-8000-' || lpad(to_hex((${number})::bigint), 12, '0'))::uuid`;
/** SQL: some number below `below` that looks random and is the same in every run. */
const some = (number: string, seed: number, below: number | string) =>
  `((hashint8extended((${number})::bigint, ${seed}) & 1073741823) % (${below}))`;

/**
 * Fills an organization. People stand in no group (one in ten) to twenty; a rule names one to three people or one or
 * two groups, and some assets or a node that mostly lies deep: some reach three assets, some tens of thousands. One
 * asset in twenty lies in two nodes. One rule in ten is inactive, others are over or not yet begun.
 */
export async function fill(db: Db, size: Size): Promise<void> {
  for (const statement of [
    "set statement_timeout = 0",
    ...people(size),
    ...tree(size),
    ...assets(size),
    ...rules(size),
    "vacuum analyze",
  ]) {
    await sql.raw(statement).execute(db);
  }
}

const series = (from: number, to: number) => `generate_series(${from}, ${to}) n`;

const people = (size: Size): string[] => [
  `insert into organization (id, name) select ${id("org", "1")}, 'Bench'`,
  `insert into users (id, login_name, name, active)
    select ${id("user", "n")}, 'person-' || n, 'Person ' || md5(n::text), n % 100 <> 99 from ${series(0, size.people + VISITORS - 1)}`,
  `insert into membership (org_id, user_id) select '${HOME}'::uuid, ${id("user", "n")} from ${series(0, size.people + VISITORS - 1)}`,
  `insert into user_group (id, org_id, name) select ${id("group", "n")}, '${HOME}'::uuid, 'Group ' || n from ${series(0, size.groups - 1)}`,
  `insert into group_member (org_id, group_id, user_id)
    select '${HOME}'::uuid, ${id("group", some("n * 64 + k", 1, size.groups))}, ${id("user", "n")}
    from ${series(0, size.people - 1)}, generate_series(1, 20) k
    where k <= case when n = ${HEAVIEST} then 20 when n % 10 = 9 then 0 when n % 200 = 7 then 20 else 1 + n % 5 end
    on conflict do nothing`,
  `insert into group_member (org_id, group_id, user_id) select '${HOME}'::uuid, ${id("group", "0")}, ${id("user", `${HEAVIEST}`)} on conflict do nothing`,
];

function tree(size: Size): string[] {
  const levels = size.levels.map((count, level) => {
    const above = level === 0 ? 1 : size.levels[level - 1]!;
    const parent =
      level === 0
        ? `(select id from node where org_id = '${HOME}'::uuid and parent_id is null)`
        : id("node", `${firstOf(size, level - 1)} + n * ${above} / ${count}`);
    const self = id("node", `${firstOf(size, level)} + n`);
    return [
      `insert into node (id, org_id, parent_id, name) select ${self}, '${HOME}'::uuid, ${parent}, 'Node ' || n from ${series(0, count - 1)}`,
      `insert into node_closure (org_id, ancestor_id, descendant_id, depth)
        select '${HOME}'::uuid, c.ancestor_id, n.id, c.depth + 1 from node n join node_closure c on c.org_id = n.org_id and c.descendant_id = n.parent_id
        where n.org_id = '${HOME}'::uuid and not exists (select 1 from node_closure own where own.org_id = n.org_id and own.descendant_id = n.id)
        union all select '${HOME}'::uuid, n.id, n.id, 0 from node n
        where n.org_id = '${HOME}'::uuid and not exists (select 1 from node_closure own where own.org_id = n.org_id and own.descendant_id = n.id)`,
    ];
  });
  return levels.flat();
}

function assets(size: Size): string[] {
  const all = series(0, size.assets - 1);
  const low = firstOf(size, 2);
  const places = sum(size.levels) - low;
  const place = (seed: number) => id("node", `${low} + ${some("n", seed, places)}`);
  const roles = "(array['web','db','app','cache','queue','build','mail','file','edge','lab'])";
  // Names begin with the place, as they often do: what somebody reaches stands close together in the list.
  const name = `'site-' || lpad((${some("n", 2, places)} * 40 / ${places})::text, 2, '0') || '-' || ${roles}[1 + n % 10] || '-' || n || 'x'`;
  return [
    `insert into asset (id, org_id, name, host, comment, active)
      select ${id("asset", "n")}, '${HOME}'::uuid, ${name}, '10.' || n / 65536 || '.' || n / 256 % 256 || '.' || n % 256,
        'Rack ' || ${some("n", 3, 900)} || ', owned by team ' || ${some("n", 4, 80)}, n % 100 <> 99 from ${all}`,
    `insert into asset_protocol (org_id, asset_id, kind, port)
      select '${HOME}'::uuid, ${id("asset", "n")}, 'ssh', 22 from ${all}
      union all select '${HOME}'::uuid, ${id("asset", "n")}, 'telnet', 23 from ${all} where n % 10 = 0`,
    `insert into asset_node (org_id, asset_id, node_id)
      select '${HOME}'::uuid, ${id("asset", "n")}, ${place(2)} from ${all}
      union select '${HOME}'::uuid, ${id("asset", "n")}, ${place(5)} from ${all} where n % 20 = 0`,
    `insert into account (id, org_id, asset_id, name, username, secret_kind, active)
      select ${id("account", "n * 2 + k")}, '${HOME}'::uuid, ${id("asset", "n")}, account.name, account.name, 'password', n % 50 <> 49 or k = 0
      from ${all}, generate_series(0, 1) k,
        lateral (select case when k = 0 then 'root' else (array['deploy','oracle','backup','person-' || n % ${size.people}])[1 + n % 4] end as name) account`,
  ];
}

function rules(size: Size): string[] {
  const all = series(0, size.rules - 1);
  const root = `(select id from node where org_id = '${HOME}'::uuid and parent_id is null)`;
  const level = (number: number) =>
    id("node", `${firstOf(size, number)} + ${some("n * 8 + k", 9, size.levels[number]!)}`);
  return [
    `insert into access_grant (id, org_id, name, active, starts_at, expires_at, all_accounts, account_names, excluded_names,
        virtual_accounts, all_protocols, protocols, actions)
      select ${id("rule", "n")}, '${HOME}'::uuid, 'Rule ' || n, n < 4 or n % 10 <> 9,
        case when n >= 4 and n % 20 = 3 then now() + interval '10 days' else now() - interval '30 days' end,
        case when n < 4 then null when n % 20 = 6 then now() - interval '1 day' when n % 20 in (3, 11, 17) then now() + (20 + n % 300) * interval '1 day' end,
        n < 4 or n % 2 = 0, case when n >= 4 and n % 2 = 1 then array['root', 'deploy'] else '{}' end,
        case when n >= 4 and n % 16 = 5 then array['oracle'] else '{}' end, case when n % 16 = 7 then array['same_name'] else '{}' end,
        n < 4 or n % 3 <> 0, case when n >= 4 and n % 3 = 0 then array['ssh'] else '{}' end,
        case when n % 4 = 0 then array['connect', 'upload', 'download', 'copy', 'paste'] else array['connect'] end from ${all}`,
    `insert into grant_user (org_id, grant_id, user_id)
      select '${HOME}'::uuid, ${id("rule", "n")}, ${id("user", some("n * 8 + k", 6, size.people))} from ${all}, generate_series(0, 2) k
      where n >= 4 and ${some("n", 7, 10)} < 5 and k <= n % 3 on conflict do nothing`,
    `insert into grant_group (org_id, grant_id, group_id)
      select '${HOME}'::uuid, ${id("rule", "n")}, case when n < 4 then ${id("group", "n")} else ${id("group", some("n * 8 + k", 8, size.groups))} end
      from ${all}, generate_series(0, 1) k
      where (n < 4 and k = 0) or (n >= 4 and ${some("n", 7, 10)} >= 4 and k <= n % 2) on conflict do nothing`,
    `insert into grant_asset (org_id, grant_id, asset_id)
      select '${HOME}'::uuid, ${id("rule", "n")}, ${id("asset", some("n * 64 + k", 10, size.assets))} from ${all}, generate_series(0, 19) k
      where n >= 4 and ${some("n", 11, 20)} < 11 and k <= n % 20 on conflict do nothing`,
    `insert into grant_node (org_id, grant_id, node_id)
      select '${HOME}'::uuid, ${id("rule", "n")}, case when n < 4 then ${root} when level < 3 then ${level(0)} when level < 10 then ${level(1)}
          when level < 50 then ${level(2)} when level < 150 then ${level(3)} when level < 350 then ${level(4)}
          when level < 650 then ${level(5)} else ${level(6)} end
      from ${all}, generate_series(0, 1) k, lateral (select ${some("n * 8 + k", 12, 1000)} as level) l
      where (n < 4 and k = 0) or (n >= 4 and ${some("n", 11, 20)} >= 10 and k <= n % 2) on conflict do nothing`,
    // One rule for everybody who holds a live session.
    `insert into access_grant (id, org_id, name, all_accounts, all_protocols, actions)
      select '${visitorsRule(size)}', '${HOME}'::uuid, 'Visitors', true, true, array['connect']`,
    `insert into grant_user (org_id, grant_id, user_id)
      select '${HOME}'::uuid, '${visitorsRule(size)}', ${id("user", "n")} from ${series(size.people, size.people + VISITORS - 1)}`,
    `insert into grant_node (org_id, grant_id, node_id) select '${HOME}'::uuid, '${visitorsRule(size)}', ${id("node", "0")}`,
  ];
}
