import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type AuditEvent, listAuditEvents, readAuditStatus } from "../../../../src/audit/schema.ts";
import { listUsers, readUser } from "../../../../src/iam/schema.ts";
import {
  type Column,
  CopyButton,
  exactTime,
  Facts,
  type Filter,
  ListPage,
  Outcome,
  OUTCOMES,
  outcomeText,
  source,
  StateTag,
  Time,
} from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import { viaText } from "./session-list.tsx";
import { EventFields } from "./event-fields.tsx";

const people = source({ list: listUsers, read: readUser, name: (user) => user.name, hint: (user) => user.loginName });

/** Audit events, newest first, with their place in the chain. */
export function Page() {
  const { t, i18n } = useTranslation();
  const filters = useMemo<readonly Filter[]>(
    () => [
      { name: "action", param: "action", label: t("audit.events.action"), kind: "text" },
      {
        name: "outcome",
        param: "outcome",
        label: t("audit.events.outcome"),
        kind: "choice",
        choices: OUTCOMES.map((value) => ({ value, label: outcomeText(t, value) })),
      },
      { name: "actor", param: "actorId", label: t("audit.events.actor"), kind: "row", source: people },
      { name: "target", param: "targetId", label: t("audit.events.target"), kind: "text" },
      { name: "from", param: "from", label: t("audit.events.from"), kind: "moment" },
      { name: "to", param: "to", label: t("audit.events.to"), kind: "moment", end: true },
    ],
    [t],
  );
  const columns: readonly Column<AuditEvent>[] = [
    {
      key: "at",
      title: t("terms.when"),
      width: "130px",
      narrow: "96px",
      always: true,
      render: ({ at }) => <Time at={at} />,
    },
    { key: "actor", title: t("audit.events.actor"), width: "minmax(110px, 160px)", render: ({ actor }) => actor.name },
    {
      key: "action",
      title: t("audit.events.action"),
      width: "minmax(140px, 1fr)",
      render: ({ action }) => <span className="mono">{action}</span>,
    },
    {
      key: "target",
      title: t("audit.events.target"),
      width: "minmax(120px, 1fr)",
      wide: true,
      render: ({ target }) => target?.name ?? <span className="muted">{target?.kind ?? "–"}</span>,
    },
    {
      key: "outcome",
      title: t("audit.events.outcome"),
      width: "130px",
      narrow: "86px",
      render: ({ outcome }) => <Outcome outcome={outcome} />,
    },
    {
      key: "address",
      title: t("terms.address"),
      width: "130px",
      wide: true,
      render: ({ address }) => <span className="mono muted">{address}</span>,
    },
    { key: "via", title: t("terms.via"), width: "90px", hidden: true, render: ({ via }) => viaText(t, via) },
    {
      key: "position",
      title: t("audit.events.position"),
      width: "130px",
      wide: true,
      align: "right",
      render: ({ position }) =>
        position === null ? (
          <span className="muted">{t("audit.events.notSealed")}</span>
        ) : (
          <span className="muted">{position.toLocaleString(i18n.language)}</span>
        ),
    },
  ];
  return (
    <ListPage
      title={t("audit.events.title")}
      endpoint={listAuditEvents}
      columns={columns}
      filters={filters}
      notice={<SealStatus />}
      nameOf={({ action }) => action}
      panelTitle={({ action }) => <span className="mono">{action}</span>}
      panel={(event) => (
        <>
          <Facts
            items={[
              [t("audit.events.outcome"), <Outcome key="o" outcome={event.outcome} />],
              [t("terms.when"), exactTime(event.at, i18n.language)],
              [t("audit.events.actor"), event.actor.name],
              [t("audit.events.target"), event.target && (event.target.name ?? event.target.id ?? event.target.kind)],
              [t("terms.address"), event.address && <span className="mono">{event.address}</span>],
              [t("terms.via"), viaText(t, event.via)],
              [
                t("audit.events.position"),
                event.position === null ? t("audit.events.notSealed") : event.position.toLocaleString(i18n.language),
              ],
              [
                "ID",
                <span key="id" className="mono selectable">
                  {event.id}
                  <CopyButton text={event.id} label={t("audit.events.copyId")} />
                </span>,
              ],
            ]}
          />
          <EventFields fields={event.fields} />
        </>
      )}
      empty={{ title: t("audit.events.emptyTitle"), text: t("audit.events.emptyText") }}
    />
  );
}

function SealStatus() {
  const { t, i18n } = useTranslation();
  const status = useEndpoint(readAuditStatus, {}, { refetch: 10_000 }).data;
  if (!status) return null;
  const { sealed, unsealed, checkpoint } = status;
  return (
    <div className="status-line">
      <StateTag tone={unsealed === 0 ? "good" : "info"}>
        {unsealed === 0 ? t("audit.events.allSealed") : t("audit.events.unsealed", { count: unsealed })}
      </StateTag>
      <span className="muted">{t("audit.events.sealedCount", { count: sealed })}</span>
      {checkpoint && (
        <span className="muted" title={checkpoint.hash}>
          {t("audit.events.checkpoint", {
            position: checkpoint.position,
            time: exactTime(checkpoint.at, i18n.language),
          })}
        </span>
      )}
    </div>
  );
}
