import { LinkOutlined } from "@ant-design/icons";
import { App, Button, Dropdown } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type Identity,
  linkMyIdentity,
  listMyIdentities,
  listSignInWays,
  unlinkMyIdentity,
} from "../../../../src/iam/schema.ts";
import { ConfirmEnd, Empty, ErrorPanel, Loading, Time } from "../../kit/index.ts";
import { useAction, useEndless, useEndpoint } from "../../query.ts";
import { Section } from "./section.tsx";

/** Who one is at the providers one may sign in with; nothing is shown where there is no provider. */
export function Identities() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const ways = useEndpoint(listSignInWays, {});
  const linked = useEndless(listMyIdentities, {});
  const link = useAction(linkMyIdentity);
  const unlink = useAction(unlinkMyIdentity);
  const [removing, setRemoving] = useState<Identity | null>(null);
  const providers = (ways.data?.ways ?? []).filter(({ flow }) => flow === "redirect");
  if (providers.length === 0 && linked.rows.length === 0) return null;
  const leave = (backendId: string) =>
    link.mutateAsync({ backendId }).then(
      ({ location: there }) => location.assign(there),
      (error: Error) => void message.error(error.message),
    );
  const items = providers.map(({ id, name }) => ({ key: id, label: name, onClick: () => void leave(id) }));
  return (
    <Section
      id="identities"
      title={t("own.identities.title")}
      text={t("own.identities.text")}
      action={
        items.length > 0 && (
          <Dropdown menu={{ items }} trigger={["click"]}>
            <Button icon={<LinkOutlined />} loading={link.isPending}>
              {t("own.identities.link")}
            </Button>
          </Dropdown>
        )
      }
    >
      {linked.isPending ? (
        <Loading lines={2} />
      ) : linked.isError ? (
        <ErrorPanel error={linked.error} retry={() => void linked.refetch()} />
      ) : linked.rows.length === 0 ? (
        <Empty title={t("own.identities.emptyTitle")} text={t("own.identities.emptyText")} />
      ) : (
        <ul className="plain-list">
          {linked.rows.map((one) => (
            <li key={one.id}>
              <div className="grow">
                <strong>{one.backend.name}</strong> <span className="muted">{one.shownName || one.subject}</span>
              </div>
              <span className="muted">
                {t("own.keys.lastUsed")} <Time at={one.usedAt} />
              </span>
              <Button size="small" danger type="text" onClick={() => setRemoving(one)}>
                {t("own.identities.unlink")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {removing && (
        <ConfirmEnd
          title={t("own.identities.unlinkTitle", { name: removing.backend.name })}
          text={t("own.identities.unlinkText")}
          names={[removing.backend.name]}
          verb={t("own.identities.unlink")}
          close={() => setRemoving(null)}
          run={() => unlink.mutateAsync({ id: removing.id })}
        />
      )}
    </Section>
  );
}
