import { useTranslation } from "react-i18next";
import { TicketList } from "./ticket-list.tsx";

/** All requests of the organization. */
export function Page() {
  const { t } = useTranslation();
  return (
    <TicketList
      of="organization"
      title={t("requests.title")}
      home="/console/requests"
      empty={{ title: t("requests.none"), text: t("requests.noneText") }}
    />
  );
}
