import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { cancelTicket, type Ticket } from "../../../../src/platform/schema.ts";
import type { PageAction } from "../../kit/index.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { DecideDialog } from "./decide-dialog.tsx";

/** What the person may do with a request, and the dialogs that it opens. */
export function useTicketActions(): {
  readonly actionsOf: (ticket: Ticket) => readonly PageAction[];
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<{ readonly ticket: Ticket; readonly approve: boolean } | null>(null);
  const cancel = useAction(cancelTicket);
  const actionsOf = (ticket: Ticket): PageAction[] => [
    ...(ticket.mayDecide
      ? [
          { key: "approve", label: t("requests.approve"), run: () => setAsking({ ticket, approve: true }) },
          {
            key: "reject",
            label: t("requests.reject"),
            run: () => setAsking({ ticket, approve: false }),
            danger: true,
          },
        ]
      : []),
    ...(ticket.mayCancel
      ? [{ key: "cancel", label: t("requests.cancel"), run: () => cancel.mutate({ id: ticket.id }) }]
      : []),
  ];
  const dialogs = (
    <>
      {asking && <DecideDialog {...asking} close={() => setAsking(null)} />}
      <ActionFailed error={cancel.error} close={cancel.reset} />
    </>
  );
  return { actionsOf, dialogs };
}
