import { Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Session, terminateSession } from "../../../../src/sessions/schema.ts";
import { ConfirmEnd } from "../../kit/index.ts";
import { useAction } from "../../query.ts";

const LONGEST = 200;

/** Asks, and ends one live session; the person at the other end reads the reason. */
export function Terminate({ session, close }: { session: Session; close: () => void }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const action = useAction(terminateSession);
  return (
    <ConfirmEnd
      title={t("audit.live.terminateTitle", { user: session.user.name, asset: session.asset.name })}
      text={t("audit.live.terminateText")}
      live={1}
      names={[session.asset.name]}
      verb={t("audit.live.terminate")}
      close={close}
      run={() => action.mutateAsync({ id: session.id, reason })}
    >
      <label className="stack-tight">
        <span>{t("audit.live.reason")}</span>
        <Input
          value={reason}
          maxLength={LONGEST}
          onChange={(event) => setReason(event.target.value)}
          placeholder={t("audit.live.reasonHint")}
        />
      </label>
    </ConfirmEnd>
  );
}
