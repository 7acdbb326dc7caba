import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { listAuditEvents } from "../../../src/audit/schema.ts";
import { useEndless } from "../query.ts";
import { Outcome } from "./outcome.tsx";
import { Time } from "./pieces.tsx";
import { Empty, ErrorPanel, Loading } from "./states.tsx";

/** The audit events about one thing, newest first. */
export function Activity({ of }: { of: string }) {
  const { t } = useTranslation();
  const events = useEndless(listAuditEvents, { targetId: of }, { limit: 50 });
  if (events.isPending) return <Loading />;
  if (events.isError) return <ErrorPanel error={events.error} retry={() => void events.refetch()} />;
  if (events.rows.length === 0)
    return <Empty title={t("kit.detail.activityEmpty")} text={t("kit.detail.activityEmptyText")} />;
  return (
    <ol className="activity">
      {events.rows.map(({ id, at, action, actor, outcome, address }) => (
        <li key={id}>
          <span className="activity-when muted">
            <Time at={at} />
          </span>
          <span>
            <strong>{actor.name}</strong> <span className="mono">{action}</span>{" "}
            {outcome !== "ok" && <Outcome outcome={outcome} />}
          </span>
          <span className="muted mono">{address}</span>
        </li>
      ))}
      {events.hasNextPage && (
        <Button size="small" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          {t("kit.more")}
        </Button>
      )}
    </ol>
  );
}
