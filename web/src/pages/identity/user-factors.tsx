import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { listUserFactors, type OwnFactor, resetUserFactors, type User } from "../../../../src/iam/schema.ts";
import { ConfirmEnd, ErrorPanel, Facts, Loading, Time } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { useAction, useEndpoint } from "../../query.ts";

const KINDS = ["passkey", "totp", "mailed-code", "radius"] as const;
const isKnown = (kind: string): kind is (typeof KINDS)[number] => (KINDS as readonly string[]).includes(kind);

/** The second factors of a user, and taking them away, as a tab of the user's page. */
export function UserFactors({ user }: { user: User }) {
  const { t } = useTranslation();
  const me = useMe();
  const mayReset = useMay("user.factor.reset");
  const read = useEndpoint(listUserFactors, { id: user.id });
  const [asking, setAsking] = useState(false);
  if (read.isError) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!read.data) return <Loading lines={4} />;
  const { level, factors, recoveryCodes } = read.data;
  const titleOf = ({ kind, title }: OwnFactor) => (isKnown(kind) ? t(`identity.factors.kinds.${kind}`) : title);
  return (
    <div className="tab-body readable stack">
      <p className="muted">{t(`identity.factors.levels.${level}`, { name: user.name })}</p>
      {factors.length === 0 ? (
        <p>{t("identity.factors.none", { name: user.name })}</p>
      ) : (
        <Facts
          items={[
            ...factors.map(
              (factor) =>
                [
                  <span key={factor.id}>
                    {[titleOf(factor), factor.name].filter((word) => word !== "").join(", ")}
                  </span>,
                  <span key="used">
                    {factor.usedAt ? (
                      <>
                        {t("identity.factors.lastUsed")} <Time at={factor.usedAt} />
                      </>
                    ) : (
                      t("identity.factors.neverUsed")
                    )}
                  </span>,
                ] as const,
            ),
            ...(recoveryCodes
              ? ([[t("identity.factors.recoveryCodes"), t("identity.factors.left", { ...recoveryCodes })]] as const)
              : []),
          ]}
        />
      )}
      {mayReset && user.id !== me?.id && (factors.length > 0 || recoveryCodes) && (
        <div>
          <Button danger onClick={() => setAsking(true)}>
            {t("identity.factors.reset")}
          </Button>
        </div>
      )}
      {asking && <ResetFactors user={user} close={() => setAsking(false)} />}
    </div>
  );
}

function ResetFactors({ user, close }: { user: User; close: () => void }) {
  const { t } = useTranslation();
  const reset = useAction(resetUserFactors);
  return (
    <ConfirmEnd
      title={t("identity.factors.resetTitle", { name: user.name })}
      text={t("identity.factors.resetText", { name: user.name })}
      names={[user.name]}
      verb={t("identity.factors.reset")}
      close={close}
      run={() => reset.mutateAsync({ id: user.id })}
    />
  );
}
