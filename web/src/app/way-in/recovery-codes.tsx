import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCopied } from "../../kit/pieces.tsx";
import type { Shown } from "./question.tsx";

/** The recovery codes in what is shown once; none: null. */
export const codesIn = ({ recoveryCodes }: Shown): readonly string[] | null =>
  Array.isArray(recoveryCodes) && recoveryCodes.length > 0 ? recoveryCodes.map(String) : null;

/** Recovery codes, shown this once: to copy, to download, and to say that one has kept them. */
export function RecoveryCodes({ codes, kept }: { codes: readonly string[]; kept: () => void }) {
  const { t } = useTranslation();
  const [copied, copy] = useCopied();
  const text = `${codes.join("\n")}\n`;
  const download = () => {
    const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: address, download: t("signIn.codes.file") }).click();
    URL.revokeObjectURL(address);
  };
  return (
    <div className="stack">
      <p>{t("signIn.codes.text")}</p>
      <ul className="codes mono selectable">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="row">
        <Button onClick={() => copy(text)}>{copied ? t("kit.copied") : t("signIn.codes.copy")}</Button>
        <Button onClick={download}>{t("signIn.codes.download")}</Button>
      </div>
      <Button type="primary" size="large" block onClick={kept}>
        {t("signIn.codes.kept")}
      </Button>
    </div>
  );
}
