import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import {
  deleteGroup,
  type Group,
  listUsers,
  readGroup,
  removeGroupMembers,
  type User,
} from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import {
  ConfirmEnd,
  DetailPage,
  ErrorPanel,
  Facts,
  ListPage,
  Loading,
  type PageAction,
  Time,
} from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndpoint } from "../../query.ts";
import { RulesTab } from "../access/rules-tab.tsx";
import { AddMembers, EditGroup } from "./group-form.tsx";
import { useRoles, userColumns } from "./user-list.tsx";
import "../admin.css";

/** One group: members, rules, activity. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id = "" } = useParams();
  const read = useEndpoint(readGroup, { id });
  const remove = useAction(deleteGroup);
  const [asking, setAsking] = useState<{ what: "add" | "edit" | "delete"; group: Group } | null>(null);
  const may = {
    add: useMay("group.member.add"),
    change: useMay("group.update"),
    remove: useMay("group.delete"),
    users: useMay("user.list"),
    rules: useMay("grant.list"),
  };
  const group = read.data;
  if (read.isError && group?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!group || group.id !== id) return <Loading lines={10} />;
  const close = () => setAsking(null);
  const actions: PageAction[] = [
    ...(may.add
      ? [{ key: "add", label: t("identity.groups.addMembers"), run: () => setAsking({ what: "add", group }) }]
      : []),
    ...(may.change
      ? [{ key: "edit", label: t("identity.groups.edit"), run: () => setAsking({ what: "edit", group }) }]
      : []),
    ...(may.remove
      ? [
          {
            key: "delete",
            label: t("identity.groups.delete"),
            danger: true,
            run: () => setAsking({ what: "delete", group }),
          },
        ]
      : []),
  ];
  return (
    <>
      <DetailPage
        title={group.name}
        parent={{ label: t("identity.groups.title"), href: "/console/groups" }}
        subtitle={group.comment}
        actions={actions}
        activityOf={id}
        tabs={[
          ...(may.users
            ? [
                {
                  key: "members",
                  label: t("identity.groups.members"),
                  children: <Members group={group} add={() => setAsking({ what: "add", group })} />,
                },
              ]
            : []),
          ...(may.rules
            ? [
                {
                  key: "rules",
                  label: t("access.rules.title"),
                  children: <RulesTab side="groupId" id={id} name={group.name} />,
                },
              ]
            : []),
        ]}
        rail={
          <Facts
            items={[
              [t("identity.groups.members"), group.members],
              [t("terms.created"), <Time key="c" at={group.createdAt} />],
            ]}
          />
        }
      />
      {asking?.what === "add" && <AddMembers group={asking.group} close={close} />}
      {asking?.what === "edit" && <EditGroup group={asking.group} close={close} />}
      {asking?.what === "delete" && (
        <ConfirmEnd
          title={t("identity.groups.deleteTitle", { name: group.name })}
          text={t("identity.groups.deleteText", { count: group.members })}
          names={[group.name]}
          verb={t("identity.groups.delete")}
          close={close}
          run={async () => {
            await remove.mutateAsync({ id });
            void navigate("/console/groups", { replace: true });
          }}
        />
      )}
    </>
  );
}

function Members({ group, add }: { group: Group; add: () => void }) {
  const { t } = useTranslation();
  useRoles();
  const [mayAdd, mayRemove] = [useMay("group.member.add"), useMay("group.member.remove")];
  return (
    <ListPage
      inside="members"
      title={t("identity.groups.members")}
      endpoint={listUsers}
      input={{ groupId: group.id }}
      columns={userColumns(t).filter(({ key }) => key !== "groups")}
      href={({ id }) => `/console/users/${id}`}
      {...(mayRemove && {
        bulk: [
          {
            key: "remove",
            label: t("identity.groups.takeOut"),
            confirm: (rows: readonly User[]) => ({
              title: t("identity.groups.takeOutMany", { count: rows.length, group: group.name }),
              text: t("identity.groups.takeOutText"),
            }),
            run: ({ id }: User) => call(removeGroupMembers, { id: group.id, userIds: [id] }),
          },
        ],
      })}
      empty={{
        title: t("identity.groups.noMembersTitle"),
        text: t("identity.groups.noMembersText"),
        action: mayAdd && <Button onClick={add}>{t("identity.groups.addMembers")}</Button>,
      }}
    />
  );
}
