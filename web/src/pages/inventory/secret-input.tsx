import { Input, Radio } from "antd";
import { useTranslation } from "react-i18next";
import { problemText } from "../../texts/problems.ts";

/** A secret as the form holds it. */
export interface TypedSecret {
  readonly kind: "password" | "key";
  readonly value: string;
  readonly passphrase?: string;
}

export const NO_SECRET: TypedSecret = { kind: "password", value: "" };

/** A secret as it is sent: a key without passphrase has none, a password never. */
export const secretToSend = ({ kind, value, passphrase }: TypedSecret): TypedSecret => ({
  kind,
  value,
  ...(kind === "key" && passphrase && { passphrase }),
});

interface SecretInputProps {
  readonly id: string;
  readonly value: TypedSecret;
  readonly change: (value: TypedSecret) => void;
  readonly problems: Readonly<Record<string, string>>;
}

/** A password, or a private key with its passphrase. */
export function SecretInput({ id, value, change, problems }: SecretInputProps) {
  const { t } = useTranslation();
  const bad = problems["secret.value"];
  const status = bad ? { status: "error" as const } : {};
  const put = (part: Partial<TypedSecret>) => change({ ...value, ...part });
  return (
    <div className="stack">
      <Radio.Group
        aria-label={t("inventory.accounts.kind")}
        value={value.kind}
        onChange={(event) => change({ kind: event.target.value as TypedSecret["kind"], value: "" })}
        options={(["password", "key"] as const).map((kind) => ({
          value: kind,
          label: t(`inventory.accounts.kinds.${kind}`),
        }))}
      />
      {value.kind === "password" ? (
        <Input.Password
          id={id}
          {...status}
          aria-label={t("inventory.accounts.password")}
          autoComplete="new-password"
          value={value.value}
          onChange={(event) => put({ value: event.target.value })}
        />
      ) : (
        <>
          <label className="stack-tight" htmlFor={id}>
            <span>{t("inventory.accounts.key")}</span>
            <Input.TextArea
              id={id}
              {...status}
              className="mono veiled"
              rows={6}
              spellCheck={false}
              autoComplete="off"
              placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
              value={value.value}
              onChange={(event) => put({ value: event.target.value })}
            />
            <span className="field-help">{t("inventory.accounts.keyHelp")}</span>
          </label>
          <label className="stack-tight" htmlFor={`${id}-passphrase`}>
            <span>
              {t("inventory.accounts.passphrase")} <span className="faint">{t("kit.form.optional")}</span>
            </span>
            <Input.Password
              id={`${id}-passphrase`}
              autoComplete="new-password"
              value={value.passphrase ?? ""}
              onChange={(event) => put({ passphrase: event.target.value })}
            />
            <span className="field-help">{t("inventory.accounts.passphraseHelp")}</span>
          </label>
        </>
      )}
      {bad && value.value !== "" && <span className="field-help bad">{problemText(bad)}</span>}
    </div>
  );
}
