import { useTranslation } from "react-i18next";
import { TicketList } from "./ticket-list.tsx";

/** The requests that the person is a reviewer of. */
export function Page() {
  const { t } = useTranslation();
  return (
    <TicketList
      of="reviewer"
      title={t("requests.toDecide")}
      home="/requests"
      empty={{ title: t("requests.noneToDecide"), text: t("requests.noneToDecideText") }}
    />
  );
}
