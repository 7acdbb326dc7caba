import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { choose, usePreferences } from "../../app/preferences.ts";
import { Facts } from "../../kit/index.ts";
import { languageNow } from "../../texts/index.ts";
import { Section } from "./section.tsx";

/** Theme, density and language. */
export function Look() {
  const { t } = useTranslation();
  const { theme, density } = usePreferences();
  return (
    <Section id="look" title={t("own.look")} text={t("own.lookText")}>
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
    </Section>
  );
}
