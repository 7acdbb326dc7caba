import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  listMySshCertificates,
  listUserSshCertificates,
  revokeMySshCertificate,
  revokeUserSshCertificate,
  type SshCertificate,
  type User,
} from "../../../../src/iam/schema.ts";
import { ConfirmEnd, StateTag, Time, type Tone } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndless } from "../../query.ts";
import { RowsSection } from "./rows.tsx";

const TONES: Readonly<Record<SshCertificate["state"], Tone>> = { valid: "good", expired: "off", revoked: "bad" };

function CertificateRow({ certificate, revoke }: { certificate: SshCertificate; revoke: (() => void) | null }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="grow">
        <strong>{certificate.device || t("tokens.certificates.unknownDevice")}</strong>{" "}
        <StateTag tone={TONES[certificate.state]}>{t(`tokens.certificates.states.${certificate.state}`)}</StateTag>
        <div className="muted">
          {t("tokens.certificates.serial")} {certificate.serial} · {certificate.organization.name} ·{" "}
          <span className="mono">{certificate.address}</span> · {t("tokens.certificates.expires")}{" "}
          <Time at={certificate.expiresAt} />
        </div>
      </div>
      <span className="muted">
        {t("tokens.certificates.lastUsed")} <Time at={certificate.usedAt} />
      </span>
      {revoke && certificate.state === "valid" && (
        <Button size="small" danger type="text" onClick={revoke}>
          {t("tokens.certificates.revoke")}
        </Button>
      )}
    </>
  );
}

const idOf = ({ organization, serial }: SshCertificate): string => `${organization.id} ${serial}`;

function Revoke({ of, close, run }: { of: SshCertificate; close: () => void; run: () => Promise<unknown> }) {
  const { t } = useTranslation();
  return (
    <ConfirmEnd
      title={t("tokens.certificates.revokeTitle", { serial: of.serial })}
      text={t("tokens.certificates.revokeText")}
      names={[of.device || of.serial]}
      verb={t("tokens.certificates.revoke")}
      close={close}
      run={run}
    />
  );
}

/** One's own SSH certificates. */
export function MyCertificates() {
  const { t } = useTranslation();
  const list = useEndless(listMySshCertificates, {});
  const revoke = useAction(revokeMySshCertificate);
  const [asking, setAsking] = useState<SshCertificate | null>(null);
  return (
    <>
      <RowsSection
        title={t("tokens.certificates.title")}
        text={t("tokens.certificates.text")}
        list={list}
        empty={{ title: t("tokens.certificates.emptyTitle"), text: t("tokens.certificates.emptyText") }}
        idOf={idOf}
        row={(one) => <CertificateRow certificate={one} revoke={() => setAsking(one)} />}
      />
      {asking && (
        <Revoke
          of={asking}
          close={() => setAsking(null)}
          run={() => revoke.mutateAsync({ organizationId: asking.organization.id, serial: asking.serial })}
        />
      )}
    </>
  );
}

/** A user's SSH certificates, for administrators. */
export function UserCertificates({ user }: { user: User }) {
  const { t } = useTranslation();
  const list = useEndless(listUserSshCertificates, { id: user.id });
  const revoke = useAction(revokeUserSshCertificate);
  const may = useMay(revokeUserSshCertificate.name);
  const [asking, setAsking] = useState<SshCertificate | null>(null);
  return (
    <>
      <RowsSection
        title={t("tokens.certificates.title")}
        list={list}
        empty={{ title: t("tokens.certificates.emptyTitle"), text: t("tokens.certificates.emptyText") }}
        idOf={idOf}
        row={(one) => <CertificateRow certificate={one} revoke={may ? () => setAsking(one) : null} />}
      />
      {asking && (
        <Revoke
          of={asking}
          close={() => setAsking(null)}
          run={() => revoke.mutateAsync({ id: user.id, serial: asking.serial })}
        />
      )}
    </>
  );
}
