import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Grant, listGrants } from "../../../../src/assets/schema.ts";
import { Empty, ErrorPanel, Loading, useShortcuts, useTitle } from "../../kit/index.ts";
import { useLook, useNarrow } from "../../kit/settings.ts";
import { Table } from "../../kit/table.tsx";
import { useEndless } from "../../query.ts";
import { rowHeight } from "../../theme.ts";
import { ruleColumns } from "./rule-list.tsx";
import { soonest } from "./soonest.ts";

const MOST = 5000;
import "../admin.css";

/** The rules that end soon, the next one first. The server does not sort by the end, so all rules are looked through. */
export function Page() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const { density } = useLook();
  const scroller = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(-1);
  const all = useEndless(listGrants, {}, { limit: 200 });
  const { rows, hasNextPage, isFetchingNextPage, fetchNextPage } = all;
  const more = hasNextPage && rows.length < MOST;
  useTitle(t("access.expiring.title"));
  useEffect(() => {
    if (more && !isFetchingNextPage) void fetchNextPage();
  }, [more, isFetchingNextPage, fetchNextPage]);
  const soon = useMemo(() => soonest(rows, Date.now()), [rows]);
  const enter = ({ id }: Grant) => void navigate(`/console/rules/${id}`);
  const move = (to: number) => setCurrent(Math.max(0, Math.min(soon.length - 1, to)));
  useShortcuts([
    { keys: "j ArrowDown", label: t("kit.shortcuts.down"), run: () => move(current + 1) },
    { keys: "k ArrowUp", label: t("kit.shortcuts.up"), run: () => move(current - 1) },
    { keys: "Enter", label: t("kit.shortcuts.open"), run: () => soon[current] && enter(soon[current]) },
  ]);
  const columns = ruleColumns(t, i18n.language).filter(
    ({ key, hidden }) => !hidden && (!narrow || key === "name" || key === "until"),
  );
  return (
    <div className="list-page">
      <div className="list-main">
        <header className="page-head">
          <h1>{t("access.expiring.title")}</h1>
          {!all.isPending && !more && <span className="count">{t("kit.list.count", { count: soon.length })}</span>}
          {!narrow && <span className="muted">{t("access.expiring.text")}</span>}
        </header>
        {hasNextPage && !more && <p className="status-line muted">{t("access.expiring.tooMany")}</p>}
        {all.isError && rows.length === 0 ? (
          <ErrorPanel error={all.error} retry={() => void all.refetch()} />
        ) : all.isPending || (more && soon.length === 0) ? (
          <Loading lines={12} />
        ) : soon.length === 0 ? (
          <Empty title={t("access.expiring.emptyTitle")} text={t("access.expiring.emptyText")} />
        ) : (
          <Table
            label={t("access.expiring.title")}
            rows={soon}
            columns={columns}
            rowHeight={rowHeight(density)}
            idOf={({ id }) => id}
            current={current}
            openId={null}
            selected={null}
            toggle={() => undefined}
            toggleAll={() => undefined}
            click={(row) => enter(row)}
            enter={enter}
            nearEnd={() => undefined}
            total={soon.length}
            scroller={scroller}
            foot={null}
          />
        )}
      </div>
    </div>
  );
}
