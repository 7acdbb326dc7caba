import { Button } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { addMember, listUsers, type User } from "../../../../src/iam/schema.ts";
import { type BulkAction, type Filter, FormDrawer, ListPage, type Together } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useLive } from "../live-count.ts";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { groups, roles } from "../sources.ts";
import { ChangeUsers, inBulk } from "./change-users.tsx";
import { useUserActions } from "./user-actions.tsx";
import { CreateUser } from "./user-form.tsx";
import { useTransfer } from "./transfer.tsx";
import { useRoles, userColumns, UserFacts } from "./user-list.tsx";
import "../admin.css";

/** The users of the organization. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [adding, setAdding] = useState(false);
  const mayCreate = useMay("user.create");
  const bulk = useUserBulk();
  const { actionsOf, dialogs } = useUserActions();
  useCreateKey(mayCreate, t("identity.users.create"), () => setCreating(true));
  const transfer = useTransfer(() => setAdding(true));
  const create = mayCreate && (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t("identity.users.create")}
    </Button>
  );
  return (
    <>
      <ListPage
        title={t("identity.users.title")}
        endpoint={listUsers}
        columns={userColumns(t)}
        filters={useUserFilters()}
        href={({ id }) => `/console/users/${id}`}
        panel={(user) => (
          <>
            <PanelActions actions={actionsOf(user)} />
            <UserFacts user={user} t={t} />
          </>
        )}
        actions={
          <>
            {transfer.button}
            {create}
          </>
        }
        {...(bulk.length > 0 && { bulk })}
        empty={{ title: t("identity.users.emptyTitle"), text: t("identity.users.emptyText"), action: create }}
      />
      {creating && (
        <CreateUser close={() => setCreating(false)} done={({ id }) => void navigate(`/console/users/${id}`)} />
      )}
      {adding && (
        <FormDrawer
          title={t("orgs.invite.addTitle")}
          verb={t("orgs.invite.addVerb")}
          endpoint={addMember}
          groups={[
            {
              text: t("orgs.invite.addText"),
              fields: [
                { name: "person", label: t("orgs.invite.person") },
                { name: "roles", label: t("identity.users.roles"), source: roles },
              ],
            },
          ]}
          done={() => undefined}
          close={() => setAdding(false)}
        />
      )}
      {transfer.problem}
      {dialogs}
    </>
  );
}

const DAYS = ["7", "30", "90", "180", "365"].map((value) => ({ value, label: value }));

/** Filters by state, time, source, role and group. */
function useUserFilters(): readonly Filter[] {
  const { t } = useTranslation();
  const known = useRoles();
  return useMemo(
    () => [
      {
        name: "active",
        param: "active",
        label: t("terms.active"),
        kind: "choice",
        choices: [
          { value: "yes", label: t("kit.yes") },
          { value: "no", label: t("kit.no") },
        ],
      },
      {
        name: "role",
        param: "roleId",
        label: t("identity.users.roles"),
        kind: "choice",
        choices: known.map(({ id, name }) => ({ value: id, label: name })),
      },
      {
        name: "expired",
        param: "expired",
        label: t("orgs.fields.expired"),
        kind: "choice",
        choices: [
          { value: "yes", label: t("kit.yes") },
          { value: "no", label: t("kit.no") },
        ],
      },
      {
        name: "expiring",
        param: "expiringDays",
        label: t("orgs.fields.expiringDays"),
        kind: "choice",
        choices: DAYS,
      },
      { name: "unused", param: "unusedDays", label: t("orgs.fields.unusedDays"), kind: "choice", choices: DAYS },
      {
        name: "factor",
        param: "hasSecondFactor",
        label: t("orgs.fields.hasSecondFactor"),
        kind: "choice",
        choices: [
          { value: "yes", label: t("kit.yes") },
          { value: "no", label: t("kit.no") },
        ],
      },
      {
        name: "source",
        param: "source",
        label: t("orgs.fields.source"),
        kind: "choice",
        choices: [
          { value: "password", label: t("identity.users.withPassword") },
          { value: "none", label: t("orgs.fields.none") },
        ],
      },
      {
        name: "kind",
        param: "kind",
        label: t("orgs.fields.kind"),
        kind: "choice",
        choices: (["person", "service"] as const).map((value) => ({ value, label: t(`orgs.fields.kinds.${value}`) })),
      },
      { name: "group", param: "groupId", label: t("terms.group"), kind: "row", source: groups },
    ],
    [t, known],
  );
}

function useUserBulk(): readonly BulkAction<User>[] {
  const { t } = useTranslation();
  const [mayBulk, mayChange, mayDelete] = [useMay("user.bulk"), useMay("user.update"), useMay("user.delete")];
  const count = useLive({}, mayBulk && (mayChange || mayDelete));
  const liveOf = (users: readonly User[]) => {
    const ids = new Set(users.map(({ id }) => id));
    const live = count(({ user }) => ids.has(user.id));
    return live === undefined ? {} : { live };
  };
  if (!mayBulk) return [];
  return [
    ...(mayChange
      ? [
          {
            key: "change",
            label: t("bulk.change"),
            ask: (users: readonly User[], start: (work: Together<User>) => void, close: () => void) => (
              <ChangeUsers users={users} start={start} close={close} />
            ),
          },
          { key: "enable", label: t("identity.users.enable"), together: inBulk({ do: "enable" }) },
          {
            key: "disable",
            label: t("identity.users.disable"),
            confirm: (users: readonly User[]) => ({
              title: t("identity.users.disableMany", { count: users.length }),
              text: t("identity.users.disableManyText"),
              ...liveOf(users),
            }),
            together: inBulk({ do: "disable" }),
          },
        ]
      : []),
    ...(mayDelete
      ? [
          {
            key: "delete",
            label: t("identity.users.delete"),
            danger: true,
            confirm: (users: readonly User[]) => ({
              title: t("identity.users.deleteMany", { count: users.length }),
              text: t("identity.users.deleteManyText"),
              ...liveOf(users),
            }),
            together: inBulk({ do: "delete" }),
          },
        ]
      : []),
  ];
}
