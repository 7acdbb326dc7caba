import { useTranslation } from "react-i18next";
import { listSettings, readSettings, updateSettings } from "../../../../src/platform/schema.ts";
import { SettingsPage } from "./settings-page.tsx";

/** The settings of the whole installation. */
export function Page() {
  const { t } = useTranslation();
  return (
    <SettingsPage
      title={t("settings.title")}
      text={t("settings.text")}
      home="/console/settings"
      endpoints={{ list: listSettings, read: readSettings, update: updateSettings }}
    />
  );
}
