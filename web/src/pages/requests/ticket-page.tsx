import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { readMyTicket, readTicket } from "../../../../src/platform/schema.ts";
import { DetailPage, ErrorPanel, Loading } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import { useTicketActions } from "./ticket-actions.tsx";
import { TicketFacts, TicketState } from "./ticket-facts.tsx";
import "../admin.css";

const LOOK_MS = 5000;

/** One request; `own`: the person asked it or reviews it, which needs no permission. */
export function TicketPage({ home, own = false }: { home: string; own?: boolean }) {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const read = useEndpoint(own ? readMyTicket : readTicket, { id }, { refetch: LOOK_MS });
  const { actionsOf, dialogs } = useTicketActions();
  const ticket = read.data;
  if (read.isError && ticket?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!ticket || ticket.id !== id) return <Loading lines={10} />;
  return (
    <>
      <DetailPage
        title={ticket.title}
        parent={{ label: own ? t("requests.mine") : t("requests.title"), href: home }}
        state={<TicketState ticket={ticket} />}
        actions={actionsOf(ticket)}
        activityOf={ticket.id}
        tabs={[
          {
            key: "request",
            label: t("requests.one"),
            children: (
              <div className="tab-body readable">
                <TicketFacts ticket={ticket} />
              </div>
            ),
          },
        ]}
      />
      {dialogs}
    </>
  );
}
