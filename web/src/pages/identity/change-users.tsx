import { useTranslation } from "react-i18next";
import { z } from "zod";
import { bulkUsers, updateUser, type User } from "../../../../src/iam/schema.ts";
import { call, type Input } from "../../api.ts";
import { type Field, FormDrawer, type Together } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { groups, roles } from "../sources.ts";

type Work = Exclude<Input<typeof bulkUsers>["work"], { do: "create" }>;
type Wish = Work extends infer One ? (One extends Work ? Omit<One, "ids"> : never) : never;

/** Does the same with many users in one call; a row that is refused stops no other. */
export const inBulk =
  (wish: Wish): Together<User> =>
  async (users) => {
    const work = { ...wish, ids: users.map(({ id }) => id) };
    const { rows } = await call(bulkUsers, { work });
    return rows.map(({ subject, outcome, message }) => ({
      name: subject,
      problem: outcome === "ok" ? null : message,
    }));
  };

const WHAT = ["groups", "roles", "expiry", "secondFactor", "password", "timeZone", "comment"] as const;
const { groupIds, roles: roleIds, expiresAt, timeZone, comment } = updateUser.input.shape;
const Wanted = z.object({
  what: z.enum(WHAT).default("groups"),
  addGroups: groupIds,
  takeGroups: groupIds,
  addRoles: roleIds,
  takeRoles: roleIds,
  expiresAt,
  secondFactor: z.enum(["none", "on", "forced"]).default("none"),
  timeZone,
  comment,
});
/** Says what is wanted; it never goes to the server as it is. */
const wanting = { ...bulkUsers, input: Wanted as unknown as typeof bulkUsers.input };

function wishOf(values: z.output<typeof Wanted>): Wish {
  const { what, addGroups = [], takeGroups = [], addRoles = [], takeRoles = [] } = values;
  if (what === "groups") return { do: "groups", add: addGroups, take: takeGroups };
  if (what === "roles") return { do: "roles", add: addRoles, take: takeRoles };
  if (what === "password") return { do: "update", fields: { mustChangePassword: true } };
  if (what === "expiry") return { do: "update", fields: { expiresAt: values.expiresAt ?? null } };
  if (what === "timeZone") return { do: "update", fields: { timeZone: values.timeZone ?? null } };
  if (what === "comment") return { do: "update", fields: { comment: values.comment ?? "" } };
  const { secondFactor: level } = values;
  return { do: "update", fields: { secondFactor: level === "none" ? null : level } };
}

/** Asks what to change in all chosen users: groups, roles, when they expire and so on. */
export function ChangeUsers(props: {
  readonly users: readonly User[];
  readonly start: (work: Together<User>) => void;
  readonly close: () => void;
}) {
  const { t } = useTranslation();
  const { users, start, close } = props;
  const may = { groups: useMay("group.member.add"), roles: useMay("role.list") };
  const choices = WHAT.filter((what) => (what === "groups" || what === "roles" ? may[what] : true));
  const only = (what: (typeof WHAT)[number], field: Field): Field => ({
    ...field,
    unmarked: true,
    when: (values) => values.what === what,
  });
  const fields: readonly Field[] = [
    {
      name: "what",
      unmarked: true,
      label: t("bulk.what"),
      choices,
      choiceLabel: (what) => t(`bulk.${what as "groups"}`),
    },
    only("groups", { name: "addGroups", label: t("bulk.addGroups"), source: groups }),
    only("groups", { name: "takeGroups", label: t("bulk.takeGroups"), source: groups }),
    only("roles", { name: "addRoles", label: t("bulk.addRoles"), source: roles }),
    only("roles", { name: "takeRoles", label: t("bulk.takeRoles"), source: roles }),
    only("expiry", { name: "expiresAt", label: t("orgs.fields.expiresAt"), help: t("orgs.fields.expiresHelp") }),
    only("secondFactor", {
      name: "secondFactor",
      label: t("orgs.fields.secondFactor"),
      help: t("orgs.fields.secondFactorHelp"),
      choiceLabel: (level) => (level === "none" ? t("kit.none") : t(`orgs.fields.levels.${level as "on"}`)),
    }),
    only("timeZone", { name: "timeZone", label: t("orgs.fields.timeZone"), help: t("orgs.fields.timeZoneHelp") }),
    only("comment", { name: "comment", label: t("terms.comment"), help: t("bulk.commentHelp") }),
  ];
  return (
    <FormDrawer
      title={t("bulk.title", { count: users.length })}
      verb={t("bulk.verb")}
      endpoint={wanting}
      initial={{ what: choices[0] }}
      groups={[{ text: t("bulk.text"), fields }]}
      consequence={({ what }) => what === "password" && t("bulk.passwordText")}
      send={async (values) => {
        start(inBulk(wishOf(values as unknown as z.output<typeof Wanted>)));
        return { done: 0, failed: 0, rows: [] };
      }}
      done={() => undefined}
      close={close}
    />
  );
}
