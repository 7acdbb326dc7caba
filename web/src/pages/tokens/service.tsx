import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import {
  deleteServiceAccount,
  listServiceKeys,
  readServiceAccount,
  type ServiceAccount,
  updateServiceAccount,
} from "../../../../src/iam/schema.ts";
import {
  ConfirmEnd,
  DetailPage,
  ErrorPanel,
  Facts,
  FormDrawer,
  Loading,
  nameOfId,
  Names,
  type PageAction,
  Time,
} from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndpoint } from "../../query.ts";
import { RulesTab } from "../access/rules-tab.tsx";
import { ActionFailed } from "../action-failed.tsx";
import { useRoles } from "../identity/user-list.tsx";
import { useSetActive } from "../set-active.ts";
import { roles } from "../sources.ts";
import { ServiceKeys } from "./key-rows.tsx";
import { ServiceState } from "./services.tsx";
import "../admin.css";

type Asking = "edit" | "disable" | "delete" | null;

/** One service account: keys, rules, activity. */
export function Page() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  useRoles();
  const read = useEndpoint(readServiceAccount, { id });
  const [asking, setAsking] = useState<Asking>(null);
  const change = useSetActive(updateServiceAccount);
  const may = {
    change: useMay(updateServiceAccount.name),
    remove: useMay(deleteServiceAccount.name),
    keys: useMay(listServiceKeys.name),
    rules: useMay("grant.list"),
  };
  const service = read.data;
  if (read.isError && service?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!service || service.id !== id) return <Loading lines={10} />;
  const enable = () => change.mutate({ id, version: service.version, active: true });
  const actions: PageAction[] = [
    ...(may.change
      ? [
          { key: "edit", label: t("tokens.services.edit"), run: () => setAsking("edit") },
          service.active
            ? { key: "disable", label: t("tokens.services.disable"), run: () => setAsking("disable") }
            : { key: "enable", label: t("tokens.services.enable"), run: enable },
        ]
      : []),
    ...(may.remove
      ? [{ key: "delete", label: t("tokens.services.remove"), danger: true, run: () => setAsking("delete") }]
      : []),
  ];
  return (
    <>
      <DetailPage
        title={service.name}
        parent={{ label: t("tokens.services.title"), href: "/console/service-accounts" }}
        state={<ServiceState service={service} />}
        subtitle={<span className="mono">{service.loginName}</span>}
        actions={actions}
        activityOf={id}
        tabs={[
          ...(may.keys
            ? [
                {
                  key: "keys",
                  label: t("tokens.keys.title"),
                  children: (
                    <div className="tab-body">
                      <ServiceKeys service={service} />
                    </div>
                  ),
                },
              ]
            : []),
          ...(may.rules
            ? [
                {
                  key: "rules",
                  label: t("access.rules.title"),
                  children: <RulesTab side="userId" id={id} name={service.name} />,
                },
              ]
            : []),
        ]}
        rail={
          <Facts
            items={[
              [
                t("tokens.services.roles"),
                <Names key="r" items={service.roles.map((role) => ({ id: role, name: nameOfId(role) ?? role }))} />,
              ],
              [t("tokens.services.lastUsed"), <Time key="u" at={service.usedAt} />],
              [t("terms.created"), <Time key="c" at={service.createdAt} />],
              [t("terms.comment"), service.comment],
            ]}
          />
        }
      />
      <ActionFailed error={change.error} close={change.reset} />
      <Dialogs service={service} asking={asking} close={() => setAsking(null)} />
    </>
  );
}

function Dialogs({ service, asking, close }: { service: ServiceAccount; asking: Asking; close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [disable, remove] = [useSetActive(updateServiceAccount), useAction(deleteServiceAccount)];
  const { id, version, name } = service;
  if (asking === "edit")
    return (
      <FormDrawer
        title={t("tokens.services.edit")}
        endpoint={updateServiceAccount}
        before={service}
        fixed={{ id, version }}
        groups={[
          {
            fields: [
              { name: "name", label: t("terms.name") },
              {
                name: "roles",
                label: t("tokens.services.roles"),
                help: t("tokens.services.rolesHelp"),
                kind: "ids",
                source: roles,
              },
              { name: "comment", label: t("terms.comment") },
            ],
          },
        ]}
        done={() => undefined}
        close={close}
      />
    );
  if (asking === "disable")
    return (
      <ConfirmEnd
        title={t("tokens.services.disableTitle", { name })}
        text={t("tokens.services.disableText")}
        names={[name]}
        verb={t("tokens.services.disable")}
        close={close}
        run={() => disable.mutateAsync({ id, version, active: false })}
      />
    );
  if (asking === "delete")
    return (
      <ConfirmEnd
        title={t("tokens.services.removeTitle", { name })}
        text={t("tokens.services.removeText")}
        names={[name]}
        verb={t("tokens.services.remove")}
        close={close}
        run={async () => {
          await remove.mutateAsync({ id });
          void navigate("/console/service-accounts", { replace: true });
        }}
      />
    );
  return null;
}
