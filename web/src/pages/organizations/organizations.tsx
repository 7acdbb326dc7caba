import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { listOrganizations, type Organization } from "../../../../src/iam/schema.ts";
import { type Column, Facts, ListPage, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { CreateOrganization, useOrganizationActions } from "./organization-actions.tsx";
import "../admin.css";

/** All organizations of the site. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const mayCreate = useMay("organization.create");
  const { actionsOf, dialogs } = useOrganizationActions();
  useCreateKey(mayCreate, t("orgs.create"), () => setCreating(true));
  const create = mayCreate && (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t("orgs.create")}
    </Button>
  );
  const columns: readonly Column<Organization>[] = [
    {
      key: "name",
      title: t("terms.name"),
      width: "minmax(160px, 1.4fr)",
      always: true,
      render: ({ name }) => <span className="strong">{name}</span>,
    },
    { key: "members", title: t("orgs.members"), width: "100px", render: ({ members }) => members },
    { key: "assets", title: t("orgs.assets"), width: "100px", render: ({ assets }) => assets },
    {
      key: "comment",
      title: t("terms.comment"),
      width: "minmax(120px, 1.6fr)",
      wide: true,
      render: ({ comment }) => comment,
    },
    {
      key: "created",
      title: t("terms.created"),
      width: "120px",
      wide: true,
      render: ({ createdAt }) => <Time at={createdAt} />,
    },
  ];
  return (
    <>
      <ListPage
        title={t("orgs.title")}
        endpoint={listOrganizations}
        columns={columns}
        href={({ id }) => `/console/organizations/${id}`}
        panel={(organization) => (
          <>
            <PanelActions actions={actionsOf(organization)} />
            <Facts
              items={[
                [t("orgs.members"), organization.members],
                [t("orgs.assets"), organization.assets],
                [t("terms.created"), <Time key="c" at={organization.createdAt} />],
                [t("terms.comment"), organization.comment],
              ]}
            />
          </>
        )}
        actions={create}
        empty={{ title: t("orgs.emptyTitle"), action: create }}
      />
      {creating && (
        <CreateOrganization
          close={() => setCreating(false)}
          done={({ id }) => void navigate(`/console/organizations/${id}`)}
        />
      )}
      {dialogs}
    </>
  );
}
