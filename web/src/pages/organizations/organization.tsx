import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { listMembers, type Member, readOrganization } from "../../../../src/iam/schema.ts";
import {
  type Column,
  DetailPage,
  ErrorPanel,
  Facts,
  ListPage,
  Loading,
  Names,
  StateTag,
  Time,
} from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { useOrganizationActions } from "./organization-actions.tsx";
import "../admin.css";

/** One organization: its members and what was done to it. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id = "" } = useParams();
  const read = useEndpoint(readOrganization, { id });
  const mayMembers = useMay("membership.list");
  const { actionsOf, dialogs } = useOrganizationActions(
    () => void navigate("/console/organizations", { replace: true }),
  );
  const organization = read.data;
  if (read.isError && organization?.id !== id)
    return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!organization || organization.id !== id) return <Loading lines={8} />;
  const columns: readonly Column<Member>[] = [
    {
      key: "name",
      title: t("terms.name"),
      width: "minmax(140px, 1.4fr)",
      always: true,
      render: ({ name }) => <span className="strong">{name}</span>,
    },
    {
      key: "loginName",
      title: t("terms.loginName"),
      width: "minmax(120px, 1fr)",
      render: ({ loginName }) => <span className="mono">{loginName}</span>,
    },
    {
      key: "state",
      title: t("terms.state"),
      width: "100px",
      render: ({ active }) => (
        <StateTag tone={active ? "good" : "off"}>{active ? t("terms.active") : t("terms.disabled")}</StateTag>
      ),
    },
    {
      key: "roles",
      title: t("identity.users.roles"),
      width: "minmax(120px, 1fr)",
      wide: true,
      render: ({ roles }) => <Names items={roles.map((role) => ({ id: role, name: role }))} />,
    },
    { key: "since", title: t("orgs.since"), width: "120px", wide: true, render: ({ since }) => <Time at={since} /> },
  ];
  return (
    <>
      <DetailPage
        title={organization.name}
        parent={{ label: t("orgs.title"), href: "/console/organizations" }}
        subtitle={organization.comment}
        actions={actionsOf(organization)}
        activityOf={organization.id}
        tabs={
          mayMembers
            ? [
                {
                  key: "members",
                  label: t("orgs.members"),
                  children: (
                    <ListPage
                      inside="members"
                      title={t("orgs.members")}
                      endpoint={listMembers}
                      input={{ id }}
                      columns={columns}
                      empty={{ title: t("orgs.noMembersTitle"), text: t("orgs.noMembersText") }}
                    />
                  ),
                },
              ]
            : []
        }
        rail={
          <Facts
            items={[
              [t("orgs.members"), organization.members],
              [t("orgs.assets"), organization.assets],
              [t("terms.created"), <Time key="c" at={organization.createdAt} />],
            ]}
          />
        }
      />
      {dialogs}
    </>
  );
}
