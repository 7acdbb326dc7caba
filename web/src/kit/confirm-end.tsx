import { Button, Input, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "./states.tsx";

/** From so many live sessions or rows on, the name has to be typed. */
const MANY = 3;

interface ConfirmEndProps {
  readonly title: string;
  readonly text?: ReactNode;
  /** Live sessions that end; undefined when it is not about sessions. */
  readonly live?: number | undefined;
  /** What is deleted or ended. */
  readonly names: readonly string[];
  /** The verb on the button. */
  readonly verb: string;
  readonly close: () => void;
  readonly run: () => Promise<unknown>;
  readonly children?: ReactNode;
}

/** Asks before something ends: says what, and wants the name typed when it is much. */
export function ConfirmEnd({ title, text, live, names, verb, close, run, children }: ConfirmEndProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const many = (live ?? 0) >= MANY || names.length >= MANY;
  const wanted = names.length === 1 ? names[0]! : String(names.length);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await run();
      close();
    } catch (fault) {
      setError(fault);
      setBusy(false);
    }
  };
  const footer = (
    <>
      <Button onClick={close}>{t("kit.cancel")}</Button>
      <Button
        danger
        type="primary"
        loading={busy}
        disabled={many && typed !== wanted}
        onClick={() => void go()}
        autoFocus={!many}
      >
        {verb}
      </Button>
    </>
  );
  return (
    <Modal open title={title} onCancel={close} footer={footer} width={440} mask={{ closable: !busy }}>
      <div className="stack">
        {names.length > 1 && <p className="mono muted clamp">{names.join(", ")}</p>}
        {live !== undefined && <p>{live > 0 ? t("kit.confirm.live", { count: live }) : t("kit.confirm.noLive")}</p>}
        {text && <p>{text}</p>}
        {children}
        {many && (
          <label className="stack-tight">
            <span>{t("kit.confirm.typeName", { name: wanted })}</span>
            <Input
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoFocus
              autoComplete="off"
              className="mono"
            />
          </label>
        )}
        <Problem error={error} />
      </div>
    </Modal>
  );
}
