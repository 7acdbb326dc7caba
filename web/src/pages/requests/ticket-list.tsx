import type { TFunction } from "i18next";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { listMyTickets, listTickets, type Ticket } from "../../../../src/platform/schema.ts";
import { type Column, type Filter, ListPage, Time } from "../../kit/index.ts";
import { PanelActions } from "../panel-actions.tsx";
import { useTicketActions } from "./ticket-actions.tsx";
import { kindWords, TicketFacts, TicketState } from "./ticket-facts.tsx";
import "../admin.css";

const LOOK_MS = 5000;
const STATES = ["pending", "approved", "rejected", "expired", "cancelled"] as const;

const columnsOf = (t: TFunction, own: boolean): readonly Column<Ticket>[] => [
  {
    key: "title",
    title: t("terms.name"),
    width: "minmax(160px, 2fr)",
    always: true,
    render: ({ title }) => <span className="strong">{title}</span>,
  },
  {
    key: "state",
    title: t("terms.state"),
    width: "150px",
    narrow: "110px",
    render: (ticket) => <TicketState ticket={ticket} />,
  },
  ...(own
    ? []
    : [
        {
          key: "askedBy",
          title: t("requests.askedBy"),
          width: "minmax(110px, 180px)",
          render: ({ askedBy }: Ticket) => askedBy.name,
        },
      ]),
  { key: "kind", title: t("requests.kind"), width: "150px", wide: true, render: ({ kind }) => kindWords(kind, t) },
  {
    key: "decidedBy",
    title: t("requests.decidedBy"),
    width: "minmax(110px, 160px)",
    wide: true,
    render: ({ decidedBy }) => decidedBy?.name ?? "",
  },
  {
    key: "until",
    title: t("requests.until"),
    width: "120px",
    wide: true,
    render: ({ state, expiresAt }) => (state === "pending" && expiresAt ? <Time at={expiresAt} /> : null),
  },
  {
    key: "created",
    title: t("terms.created"),
    width: "120px",
    narrow: "90px",
    render: ({ createdAt }) => <Time at={createdAt} />,
  },
];

/** Requests, newest first: one's own, those to decide, or all of the organization. */
export function TicketList(props: {
  of: "asker" | "reviewer" | "organization";
  title: string;
  home: string;
  actions?: ReactNode;
  notice?: ReactNode;
  empty: { readonly title: string; readonly text: string };
}) {
  const { of, title, home, actions, notice, empty } = props;
  const { t } = useTranslation();
  const { actionsOf, dialogs } = useTicketActions();
  const filters: readonly Filter[] = [
    {
      name: "state",
      param: "state",
      label: t("terms.state"),
      kind: "choice",
      choices: STATES.map((value) => ({ value, label: t(`requests.states.${value}`) })),
    },
    {
      name: "kind",
      param: "kind",
      label: t("requests.kind"),
      kind: "choice",
      choices: (["access", "break-glass"] as const).map((value) => ({ value, label: t(`requests.kinds.${value}`) })),
    },
  ];
  const shared = {
    title,
    columns: columnsOf(t, of === "asker"),
    filters,
    nameOf: (ticket: Ticket) => ticket.title,
    href: (ticket: Ticket) => `${home}/${ticket.id}`,
    panel: (ticket: Ticket) => (
      <>
        <PanelActions actions={actionsOf(ticket)} />
        <TicketFacts ticket={ticket} />
      </>
    ),
    actions,
    notice,
    empty,
    refetch: LOOK_MS,
  };
  return (
    <>
      {of === "organization" ? (
        <ListPage {...shared} endpoint={listTickets} />
      ) : (
        <ListPage {...shared} endpoint={listMyTickets} input={{ as: of }} />
      )}
      {dialogs}
    </>
  );
}
