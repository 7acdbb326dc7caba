import { PlusOutlined } from "@ant-design/icons";
import { Button, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { listMyFactors, makeMyRecoveryCodes, type OwnFactor, removeMyFactor } from "../../../../src/iam/schema.ts";
import { RecoveryCodes } from "../../app/way-in/recovery-codes.tsx";
import { ConfirmEnd, Empty, ErrorPanel, Loading, Problem, Time } from "../../kit/index.ts";
import { useAction, useEndpoint } from "../../query.ts";
import { termText } from "../../texts/problems.ts";
import { PASSKEY } from "./passkeys.tsx";
import { Section } from "./section.tsx";
import { SetUp } from "./set-up.tsx";

/** What one proves oneself with beside the password, and the codes for when that is lost. Passkeys have a section of their own. */
export function Factors() {
  const { t } = useTranslation();
  const mine = useEndpoint(listMyFactors, {});
  const remove = useAction(removeMyFactor);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<OwnFactor | null>(null);
  const factors = mine.data?.factors.filter(({ kind }) => kind !== PASSKEY) ?? [];
  const open = mine.data?.open.filter(({ kind }) => kind !== PASSKEY) ?? [];
  return (
    <Section
      id="second-factors"
      title={t("own.factors.title")}
      text={mine.data ? t(`own.factors.${mine.data.level}`) : t("own.factors.text")}
      action={
        open.length > 0 && (
          <Button icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t("own.factors.add")}
          </Button>
        )
      }
    >
      {mine.isPending ? (
        <Loading lines={2} />
      ) : mine.isError ? (
        <ErrorPanel error={mine.error} retry={() => void mine.refetch()} />
      ) : factors.length === 0 ? (
        <Empty title={t("own.factors.emptyTitle")} text={t("own.factors.emptyText")} />
      ) : (
        <ul className="plain-list">
          {factors.map((factor) => (
            <li key={`${factor.kind} ${factor.id}`}>
              <div className="grow">
                <strong>{termText(factor.title)}</strong> {factor.name && <span className="muted">{factor.name}</span>}
              </div>
              <span className="muted">
                {t("own.keys.lastUsed")} <Time at={factor.usedAt} />
              </span>
              <Button size="small" danger type="text" onClick={() => setRemoving(factor)}>
                {t("own.keys.remove")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {mine.data?.recoveryCodes && <Codes left={mine.data.recoveryCodes.left} few={mine.data.recoveryCodes.few} />}
      {adding && <SetUp title={t("own.factors.add")} offered={open} close={() => setAdding(false)} />}
      {removing && (
        <ConfirmEnd
          title={t("own.factors.removeTitle", { name: termText(removing.title) })}
          text={t("own.factors.removeText")}
          names={[termText(removing.title)]}
          verb={t("own.keys.remove")}
          close={() => setRemoving(null)}
          run={() => remove.mutateAsync({ kind: removing.kind, id: removing.id })}
        />
      )}
    </Section>
  );
}

/** How many recovery codes are left; new ones are shown once and void the old ones. */
function Codes({ left, few }: { left: number; few: boolean }) {
  const { t } = useTranslation();
  const make = useAction(makeMyRecoveryCodes);
  const [asking, setAsking] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const renew = async () => {
    const made = await make.mutateAsync({});
    setAsking(false);
    setCodes(made.codes);
  };
  return (
    <>
      <div className={few ? "note note-warn note-head" : "note note-head"}>
        <span>{t("own.factors.codesLeft", { count: left })}</span>
        <Button size="small" onClick={() => setAsking(true)}>
          {t("own.factors.newCodes")}
        </Button>
      </div>
      <Problem error={asking ? null : make.error} />
      {asking && (
        <ConfirmEnd
          title={t("own.factors.newCodesTitle")}
          text={t("own.factors.newCodesText")}
          names={[]}
          verb={t("own.factors.newCodes")}
          close={() => setAsking(false)}
          run={renew}
        />
      )}
      <Modal
        open={codes !== null}
        title={t("signIn.codes.title")}
        closable={false}
        keyboard={false}
        mask={{ closable: false }}
        footer={null}
        width={400}
        destroyOnHidden
      >
        {codes && <RecoveryCodes codes={codes} kept={() => setCodes(null)} />}
      </Modal>
    </>
  );
}
