import { useTranslation } from "react-i18next";
import {
  listOrganizationSettings,
  readOrganizationSettings,
  updateOrganizationSettings,
} from "../../../../src/platform/schema.ts";
import { useMe } from "../../me.ts";
import { SettingsPage } from "./settings-page.tsx";

/** What the organization sets for itself, above the settings of the installation. */
export function Page() {
  const { t } = useTranslation();
  const organization = useMe()?.organization.name ?? "";
  return (
    <SettingsPage
      title={t("settings.ofOrganization")}
      text={t("settings.ofOrganizationText", { organization })}
      home="/console/organization-settings"
      endpoints={{
        list: listOrganizationSettings,
        read: readOrganizationSettings,
        update: updateOrganizationSettings,
      }}
    />
  );
}
