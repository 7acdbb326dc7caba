import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { AccessBody } from "../../../../src/assets/schema.ts";
import type { Ticket } from "../../../../src/platform/schema.ts";
import { Facts, Names, StateTag, Time, type Tone } from "../../kit/index.ts";
import { actionWords } from "../access/rule-summary.ts";
import { accessOf } from "./body.ts";

const TONES: Readonly<Record<Ticket["state"], Tone>> = {
  pending: "info",
  approved: "good",
  rejected: "bad",
  expired: "off",
  cancelled: "off",
};

/** The state of a request in words; a review that is owed stands out. */
export function TicketState({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  if (ticket.state === "pending" && ticket.expiresAt === null)
    return <StateTag tone="warn">{t("requests.owed")}</StateTag>;
  return <StateTag tone={TONES[ticket.state]}>{t(`requests.states.${ticket.state}`)}</StateTag>;
}

/** The kind of a request in words; its key where this console has none. */
export const kindWords = (kind: string, t: TFunction): string =>
  kind === "access" || kind === "break-glass" || kind === "connect-review" ? t(`requests.kinds.${kind}`) : kind;

/** Minutes as hours and minutes. */
export function spanWords(minutes: number, t: TFunction): string {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours === 0) return t("requests.minutesWords", { count: rest });
  return rest === 0 ? t("requests.hoursWords", { count: hours }) : t("requests.spanWords", { hours, minutes: rest });
}

function accessFacts(body: AccessBody, name: string, { t, language }: { t: TFunction; language: string }) {
  return [
    [t("terms.nodes"), body.nodes.length > 0 ? <Names key="n" items={body.nodes} max={20} /> : null],
    [t("terms.assets"), body.assets.length > 0 ? <Names key="a" items={body.assets} max={50} /> : null],
    [
      t("terms.accounts"),
      <span key="c" className="mono">
        {body.accounts.join(", ")}
      </span>,
    ],
    [t("access.rules.protocols"), t("requests.allProtocols", { name })],
    [t("access.rules.actions"), actionWords(body.actions, { t, language })],
    [t("requests.span"), spanWords(body.minutes, t)],
    [t("access.rules.from"), body.startsAt ? <Time key="s" at={body.startsAt} /> : t("requests.fromApproval")],
  ] as const;
}

/** What is asked for, by whom and why, what was given, and who decided. */
export function TicketFacts({ ticket }: { ticket: Ticket }) {
  const { t, i18n } = useTranslation();
  const asked = accessOf(ticket.kind, ticket.body);
  const given = ticket.given && accessOf(ticket.kind, ticket.given);
  return (
    <div className="stack">
      {ticket.reason && <p className="note">{ticket.reason}</p>}
      <Facts
        items={[
          [t("terms.state"), <TicketState key="state" ticket={ticket} />],
          [t("requests.kind"), kindWords(ticket.kind, t)],
          [t("requests.askedBy"), ticket.askedBy.name],
          ...(asked ? accessFacts(asked, ticket.askedBy.name, { t, language: i18n.language }) : []),
          [t("requests.rule"), asked?.rule.name],
          [t("requests.reviewers"), <Names key="r" items={ticket.reviewers} max={20} />],
          [t("terms.created"), <Time key="c" at={ticket.createdAt} />],
          [
            t("requests.until"),
            ticket.state === "pending" && ticket.expiresAt ? <Time key="u" at={ticket.expiresAt} /> : null,
          ],
          [t("requests.decidedBy"), ticket.decidedBy?.name],
          [t("requests.decidedAt"), ticket.decidedAt && <Time key="d" at={ticket.decidedAt} />],
          [t("requests.comment"), ticket.comment],
        ]}
      />
      {given && (
        <>
          <h3>{t("requests.given")}</h3>
          <Facts items={accessFacts(given, ticket.askedBy.name, { t, language: i18n.language })} />
        </>
      )}
    </div>
  );
}
