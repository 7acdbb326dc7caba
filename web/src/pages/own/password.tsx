import { App } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { changeMyPassword, readMyProfile } from "../../../../src/iam/schema.ts";
import { StrengthHint } from "../../app/strength-hint.tsx";
import { Control } from "../../kit/controls.tsx";
import { fieldShape, fieldsOf } from "../../kit/field-kind.ts";
import { FormPage } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import { Section } from "./section.tsx";

/** Changing the password; nothing where somebody has none here. */
export function PasswordChange({ own }: { own: readonly string[] }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [round, setRound] = useState(0);
  const profile = useEndpoint(readMyProfile, {});
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
  if (profile.data && !profile.data.hasPassword)
    return (
      <Section id="password" title={t("own.password.title")} text={t("own.password.none")}>
        {null}
      </Section>
    );
  return (
    <section id="password">
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
