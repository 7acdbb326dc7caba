import { PlusOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  listMyFactors,
  listMyPasskeys,
  type Passkey,
  removeMyFactor,
  renameMyPasskey,
} from "../../../../src/iam/schema.ts";
import { passkeysWork } from "../../app/way-in/web-authn.ts";
import { ConfirmEnd, Empty, ErrorPanel, FormDrawer, Loading, StateTag, Time } from "../../kit/index.ts";
import { useAction, useEndless, useEndpoint } from "../../query.ts";
import { Section } from "./section.tsx";
import { SetUp } from "./set-up.tsx";

/** Passkeys among the kinds of second factors. */
export const PASSKEY = "passkey";

/** One's own passkeys and security keys. */
export function Passkeys() {
  const { t } = useTranslation();
  const passkeys = useEndless(listMyPasskeys, {});
  const factors = useEndpoint(listMyFactors, {});
  const remove = useAction(removeMyFactor);
  const [adding, setAdding] = useState(false);
  const [renaming, setRenaming] = useState<Passkey | null>(null);
  const [removing, setRemoving] = useState<Passkey | null>(null);
  const offered = factors.data?.open.filter(({ kind }) => kind === PASSKEY) ?? [];
  const works = passkeysWork() && offered.length > 0;
  return (
    <Section
      id="passkeys"
      title={t("own.passkeys.title")}
      text={t("own.passkeys.text")}
      action={
        works && (
          <Button icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t("own.passkeys.add")}
          </Button>
        )
      }
    >
      {!works && factors.data && <p className="note note-warn">{t("signIn.passkey.notHere")}</p>}
      {passkeys.isPending ? (
        <Loading lines={2} />
      ) : passkeys.isError ? (
        <ErrorPanel error={passkeys.error} retry={() => void passkeys.refetch()} />
      ) : passkeys.rows.length === 0 ? (
        <Empty title={t("own.passkeys.emptyTitle")} text={t("own.passkeys.emptyText")} />
      ) : (
        <ul className="plain-list">
          {passkeys.rows.map((passkey) => (
            <li key={passkey.id}>
              <div className="grow">
                <strong>{passkey.name}</strong>
                <div className="muted">
                  <StateTag tone={passkey.alone ? "good" : "info"}>
                    {t(passkey.alone ? "own.passkeys.alone" : "own.passkeys.beside")}
                  </StateTag>{" "}
                  <span className="mono">{passkey.host}</span>
                </div>
              </div>
              <span className="muted">
                {t("own.keys.lastUsed")} <Time at={passkey.usedAt} />
              </span>
              <Button size="small" type="text" onClick={() => setRenaming(passkey)}>
                {t("own.passkeys.rename")}
              </Button>
              <Button size="small" danger type="text" onClick={() => setRemoving(passkey)}>
                {t("own.keys.remove")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {adding && <SetUp title={t("own.passkeys.add")} offered={offered} named close={() => setAdding(false)} />}
      {renaming && (
        <FormDrawer
          title={t("own.passkeys.rename")}
          endpoint={renameMyPasskey}
          fixed={{ id: renaming.id }}
          initial={{ name: renaming.name }}
          groups={[{ fields: [{ name: "name", label: t("terms.name"), help: t("own.passkeys.nameHelp") }] }]}
          done={() => undefined}
          close={() => setRenaming(null)}
        />
      )}
      {removing && (
        <ConfirmEnd
          title={t("own.passkeys.removeTitle", { name: removing.name })}
          text={t("own.passkeys.removeText")}
          names={[removing.name]}
          verb={t("own.keys.remove")}
          close={() => setRemoving(null)}
          run={() => remove.mutateAsync({ kind: PASSKEY, id: removing.id })}
        />
      )}
    </Section>
  );
}
