import { App, Segmented } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { changeMyPassword } from "../../../../src/iam/schema.ts";
import { choose, usePreferences } from "../../app/preferences.ts";
import { StrengthHint } from "../../app/strength-hint.tsx";
import { Facts, FormPage, Mono, useTitle } from "../../kit/index.ts";
import { useMe } from "../../me.ts";
import { languageNow } from "../../texts/index.ts";
import { Control } from "../../kit/controls.tsx";
import { fieldShape, fieldsOf } from "../../kit/field-kind.ts";
import { SshKeys } from "./ssh-keys.tsx";

/** One's own page: who one is here, look and language, password, SSH keys. */
export function Page() {
  const { t } = useTranslation();
  const me = useMe();
  useTitle(t("own.title"));
  if (!me) return null;
  return (
    <div className="own">
      <h1>{me.name}</h1>
      <section>
        <Facts
          items={[
            [
              t("own.loginName"),
              <Mono key="l" copy>
                {me.loginName}
              </Mono>,
            ],
            [t("own.organization"), me.organization.name],
            [
              t("terms.permission"),
              <span key="p" className="muted" title={me.permissions.join("\n")}>
                {t("own.permissions", { count: me.permissions.length })}
              </span>,
            ],
          ]}
        />
      </section>
      <LookSection />
      <PasswordSection own={[me.name, me.loginName]} />
      <SshKeys />
    </div>
  );
}

function LookSection() {
  const { t } = useTranslation();
  const { theme, density } = usePreferences();
  return (
    <section>
      <h2>{t("own.look")}</h2>
      <p className="muted">{t("own.lookText")}</p>
      <Facts
        items={[
          [
            t("shell.theme"),
            <Segmented
              key="t"
              aria-label={t("shell.theme")}
              value={theme}
              onChange={(value) => choose({ theme: value })}
              options={(["light", "dark", "system"] as const).map((value) => ({
                value,
                label: t(`shell.themes.${value}`),
              }))}
            />,
          ],
          [
            t("shell.density"),
            <Segmented
              key="d"
              aria-label={t("shell.density")}
              value={density}
              onChange={(value) => choose({ density: value })}
              options={(["compact", "comfortable"] as const).map((value) => ({
                value,
                label: t(`shell.densities.${value}`),
              }))}
            />,
          ],
          [
            t("shell.language"),
            <Segmented
              key="l"
              aria-label={t("shell.language")}
              value={languageNow()}
              onChange={(value) => choose({ language: value })}
              options={[
                { value: "en" as const, label: "English" },
                { value: "zh" as const, label: "中文" },
              ]}
            />,
          ],
        ]}
      />
    </section>
  );
}

function PasswordSection({ own }: { own: readonly string[] }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [round, setRound] = useState(0);
  const groups = useMemo(
    () => [
      {
        text: t("own.password.text"),
        fields: [
          {
            name: "current",
            label: t("own.password.current"),
            kind: "secret" as const,
            autoComplete: "current-password",
          },
          {
            name: "next",
            label: t("own.password.next"),
            render: ({
              id,
              value,
              change,
              leave,
              problems,
            }: {
              id: string;
              value: unknown;
              change: (value: unknown) => void;
              leave: () => void;
              problems: Readonly<Record<string, string>>;
            }) => (
              <>
                <Control
                  id={id}
                  shape={{ ...fieldShape("next", fieldsOf(changeMyPassword.input).next!), kind: "secret" }}
                  value={value}
                  change={change}
                  leave={leave}
                  bad={problems.next !== undefined}
                  describedBy={`${id}-help`}
                />
                <StrengthHint password={typeof value === "string" ? value : ""} own={own} />
              </>
            ),
          },
        ],
      },
    ],
    [t, own],
  );
  return (
    <section>
      <FormPage
        key={round}
        inside
        title={t("own.password.title")}
        endpoint={changeMyPassword}
        groups={groups}
        verb={t("own.password.verb")}
        done={() => {
          setRound((now) => now + 1);
          void message.success(t("own.password.done"));
        }}
      />
    </section>
  );
}
