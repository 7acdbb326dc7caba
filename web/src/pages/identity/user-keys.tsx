import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  addUserSshKey,
  listUserSshKeys,
  removeUserSshKey,
  type SshKey,
  type User,
} from "../../../../src/iam/schema.ts";
import { type Column, ConfirmEnd, FormDrawer, ListPage, Mono, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";

/** A user's SSH keys, as a tab of the user's page. */
export function UserKeys({ user }: { user: User }) {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<SshKey | null>(null);
  const [mayAdd, mayRemove] = [useMay("user.ssh-key.add"), useMay("user.ssh-key.remove")];
  const remove = useAction(removeUserSshKey);
  const add = mayAdd && <Button onClick={() => setAdding(true)}>{t("identity.keys.add")}</Button>;
  const columns: readonly Column<SshKey>[] = [
    {
      key: "name",
      title: t("identity.keys.name"),
      width: "minmax(120px, 1fr)",
      always: true,
      render: ({ name }) => name,
    },
    {
      key: "algorithm",
      title: t("identity.keys.algorithm"),
      width: "150px",
      wide: true,
      render: ({ algorithm }) => <span className="mono muted">{algorithm}</span>,
    },
    {
      key: "fingerprint",
      title: t("terms.fingerprint"),
      width: "minmax(160px, 2fr)",
      wide: true,
      render: ({ fingerprint }) => <Mono copy>{fingerprint}</Mono>,
    },
    {
      key: "used",
      title: t("identity.keys.lastUsed"),
      width: "110px",
      render: ({ lastUsedAt }) => <Time at={lastUsedAt} />,
    },
    ...(mayRemove
      ? [
          {
            key: "remove",
            title: "",
            width: "90px",
            align: "right" as const,
            render: (key: SshKey) => (
              <Button size="small" type="text" danger onClick={() => setRemoving(key)}>
                {t("identity.keys.remove")}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <>
      <ListPage
        inside="keys"
        title={t("identity.keys.title")}
        endpoint={listUserSshKeys}
        input={{ id: user.id }}
        columns={columns}
        actions={add}
        empty={{ title: t("identity.keys.emptyTitle"), text: t("identity.keys.emptyText"), action: add }}
      />
      {adding && (
        <FormDrawer
          title={t("identity.keys.add")}
          verb={t("identity.keys.add")}
          endpoint={addUserSshKey}
          fixed={{ id: user.id }}
          groups={[
            {
              fields: [
                { name: "name", label: t("identity.keys.name"), help: t("identity.keys.nameHelp") },
                {
                  name: "publicKey",
                  label: t("identity.keys.publicKey"),
                  help: t("identity.keys.publicKeyHelp"),
                  kind: "long-text",
                  mono: true,
                  rows: 4,
                  placeholder: "ssh-ed25519 AAAA…",
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
          title={t("identity.keys.removeTitle", { name: removing.name })}
          text={t("identity.keys.removeText")}
          names={[removing.name]}
          verb={t("identity.keys.remove")}
          close={() => setRemoving(null)}
          run={() => remove.mutateAsync({ id: user.id, keyId: removing.id })}
        />
      )}
    </>
  );
}
