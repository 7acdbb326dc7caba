import { PlusOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addMySshKey, listMySshKeys, removeMySshKey, type SshKey } from "../../../../src/iam/schema.ts";
import { ConfirmEnd, Empty, ErrorPanel, FormDrawer, Loading, Mono, Time } from "../../kit/index.ts";
import { useAction, useEndless } from "../../query.ts";
import { Section } from "./section.tsx";

/** One's own SSH keys. */
export function SshKeys() {
  const { t } = useTranslation();
  const keys = useEndless(listMySshKeys, {});
  const remove = useAction(removeMySshKey);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<SshKey | null>(null);
  return (
    <Section
      id="ssh-keys"
      title={t("own.keys.title")}
      text={t("own.keys.text")}
      action={
        <Button icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t("own.keys.add")}
        </Button>
      }
    >
      {keys.isPending ? (
        <Loading lines={2} />
      ) : keys.isError ? (
        <ErrorPanel error={keys.error} retry={() => void keys.refetch()} />
      ) : keys.rows.length === 0 ? (
        <Empty title={t("own.keys.emptyTitle")} text={t("own.keys.emptyText")} />
      ) : (
        <ul className="plain-list">
          {keys.rows.map((key) => (
            <li key={key.id}>
              <div className="grow">
                <strong>{key.name}</strong> <span className="muted">{key.algorithm}</span>
                <div>
                  <Mono copy>{key.fingerprint}</Mono>
                </div>
              </div>
              <span className="muted">
                {t("own.keys.lastUsed")} <Time at={key.lastUsedAt} />
              </span>
              <Button size="small" danger type="text" onClick={() => setRemoving(key)}>
                {t("own.keys.remove")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <FormDrawer
          title={t("own.keys.add")}
          endpoint={addMySshKey}
          verb={t("own.keys.add")}
          groups={[
            {
              fields: [
                { name: "name", label: t("own.keys.name"), help: t("own.keys.nameHelp") },
                {
                  name: "publicKey",
                  label: t("own.keys.publicKey"),
                  help: t("own.keys.publicKeyHelp"),
                  kind: "long-text",
                  mono: true,
                  rows: 4,
                },
              ],
            },
          ]}
          done={() => undefined}
          close={() => setAdding(false)}
        />
      )}
      {removing && (
        <ConfirmEnd
          title={t("own.keys.removeTitle", { name: removing.name })}
          text={t("own.keys.removeText")}
          names={[removing.name]}
          verb={t("own.keys.remove")}
          close={() => setRemoving(null)}
          run={() => remove.mutateAsync({ id: removing.id })}
        />
      )}
    </Section>
  );
}
