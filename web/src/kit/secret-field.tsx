import { Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "./states.tsx";

const SHOWN_SECONDS = 30;

/** A secret: masked, shown for 30 seconds after `reveal`, copied without being shown. It lives only in this component. */
export function SecretField({ reveal }: { reveal: () => Promise<string> }) {
  const { t } = useTranslation();
  const [secret, setSecret] = useState<string | null>(null);
  const [left, setLeft] = useState(0);
  const [copied, setCopied] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (secret === null) return;
    const timer = setInterval(() => setLeft((now) => now - 1), 1000);
    return () => clearInterval(timer);
  }, [secret]);
  useEffect(() => {
    if (left <= 0) setSecret(null);
  }, [left]);
  const use = async (what: (value: string) => void | Promise<void>) => {
    setError(null);
    try {
      await what(secret ?? (await reveal()));
    } catch (fault) {
      setError(fault);
    }
  };
  const show = (value: string) => {
    setLeft(SHOWN_SECONDS);
    setSecret(value);
  };
  const copy = async (value: string) => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="secret">
      <span className="mono secret-value">{secret ?? "••••••••••••"}</span>
      <Button size="small" onClick={() => (secret === null ? void use(show) : setSecret(null))}>
        {secret === null ? t("kit.secret.reveal") : t("kit.secret.hide")}
      </Button>
      <Button size="small" onClick={() => void use(copy)}>
        {copied ? t("kit.copied") : t("kit.secret.copyHidden")}
      </Button>
      {secret !== null && <span className="muted">{t("kit.secret.masked", { seconds: left })}</span>}
      <Problem error={error} />
    </div>
  );
}
