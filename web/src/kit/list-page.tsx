import { ReloadOutlined, TableOutlined } from "@ant-design/icons";
import { Button, Checkbox, Popover, Tooltip } from "antd";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import type { Input } from "../api.ts";
import { type ListEndpoint, type Row, useEndless } from "../query.ts";
import { rowHeight } from "../theme.ts";
import { BulkBar, type BulkAction } from "./bulk-bar.tsx";
import { useHeld } from "./held.ts";
import { type Filter, SearchBox } from "./search-box.tsx";
import { parseSearch, readMoment } from "./search-syntax.ts";
import { useLook, useNarrow, useTitle } from "./settings.ts";
import { useShortcuts } from "./shortcuts.tsx";
import { SidePanel } from "./side-panel.tsx";
import { Empty, ErrorPanel, Loading } from "./states.tsx";
import { type Column, Table } from "./table.tsx";

export interface ListPageProps<E extends ListEndpoint> {
  readonly title: string;
  readonly endpoint: E;
  /** Fixed input beside search and filters. */
  readonly input?: Partial<Input<E>>;
  readonly columns: readonly Column<Row<E>>[];
  readonly filters?: readonly Filter[];
  readonly idOf?: (row: Row<E>) => string;
  readonly nameOf?: (row: Row<E>) => string;
  /** What stands beside the list when a row is clicked. */
  readonly panel?: (row: Row<E>) => ReactNode;
  readonly panelTitle?: (row: Row<E>) => ReactNode;
  /** The page of a row: Enter or a double click opens it. */
  readonly href?: (row: Row<E>) => string;
  /** What Enter and a double click do instead of opening a page. */
  readonly act?: (row: Row<E>) => void;
  /** The page's own actions, at the right of the title. */
  readonly actions?: ReactNode;
  /** A line under the title. */
  readonly notice?: ReactNode;
  readonly bulk?: readonly BulkAction<Row<E>>[];
  readonly empty: { readonly title: string; readonly text?: string; readonly action?: ReactNode };
  /** Read again every so many milliseconds. */
  readonly refetch?: number;
  /** Inside another page: no tab title, no big heading; state in the address under this prefix. */
  readonly inside?: string;
}

const anyId = (row: unknown): string => (row as { id: string }).id;
const anyName = (row: unknown): string => (row as { name?: string }).name ?? anyId(row);

/** The list pattern: title with count, one search box, virtual table, keys, bulk bar, side panel, all state in the address. */
export function ListPage<E extends ListEndpoint>(props: ListPageProps<E>) {
  const {
    title,
    endpoint,
    columns,
    filters = [],
    idOf = anyId,
    nameOf = anyName,
    panel,
    href,
    act,
    bulk,
    inside,
  } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const state = useListState(inside ? `${inside}.` : "");
  const list = useEndless(endpoint, useListInput(state.typed, filters, props.input) as Input<E>, {
    ...(props.refetch && { refetch: props.refetch }),
  });
  const { rows, total, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = list;
  const { density } = useLook();
  const narrow = useNarrow();
  const [current, setCurrent] = useState(-1);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const input = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef(0);
  useTitle(inside ? "" : title);

  const shownColumns = columns.filter(
    ({ key, hidden, wide }) => (state.columns ? state.columns.includes(key) : !hidden) && !(narrow && wide),
  );
  const openRow = useMemo(
    () => (state.open ? rows.find((row) => idOf(row) === state.open) : undefined),
    [rows, state.open, idOf],
  );
  const enter = (row: Row<E>) => {
    if (act) act(row);
    else if (href) void navigate(href(row));
    else state.setOpen(idOf(row));
  };
  const toggle = (id: string, on: boolean, range = false) => {
    const at = rows.findIndex((row) => idOf(row) === id);
    const [from, to] = range ? [Math.min(anchor.current, at), Math.max(anchor.current, at)] : [at, at];
    anchor.current = at;
    setSelected((before) => {
      const after = new Set(before);
      for (const row of rows.slice(from, to + 1)) after[on ? "add" : "delete"](idOf(row));
      return after;
    });
  };
  const move = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, current + by));
    setCurrent(next);
    if (state.open && rows[next]) state.setOpen(idOf(rows[next]));
  };
  const at = rows[current];
  useShortcuts([
    { keys: "/", label: t("kit.shortcuts.search"), run: () => input.current?.focus() },
    { keys: "j ArrowDown", label: t("kit.shortcuts.down"), run: () => move(1) },
    { keys: "k ArrowUp", label: t("kit.shortcuts.up"), run: () => move(-1) },
    { keys: "PageDown", label: "", run: () => move(20) },
    { keys: "PageUp", label: "", run: () => move(-20) },
    { keys: "Home", label: t("kit.shortcuts.first"), run: () => move(-rows.length) },
    { keys: "End", label: t("kit.shortcuts.last"), run: () => move(rows.length) },
    ...(bulk
      ? [{ keys: "x", label: t("kit.shortcuts.select"), run: () => at && toggle(idOf(at), !selected.has(idOf(at))) }]
      : []),
    ...(panel
      ? [
          {
            keys: "Space",
            label: t("kit.shortcuts.peek"),
            run: () => at && state.setOpen(state.open === idOf(at) ? null : idOf(at)),
          },
        ]
      : []),
    { keys: "Enter", label: t("kit.shortcuts.open"), run: () => at && enter(at) },
    {
      keys: "Escape",
      label: t("kit.shortcuts.close"),
      run: () => (state.open ? state.setOpen(null) : selected.size > 0 ? setSelected(new Set()) : setCurrent(-1)),
    },
  ]);
  useEffect(() => {
    setSelected(new Set());
    setCurrent(-1);
    scroller.current?.scrollTo({ top: 0 });
  }, [state.typed]);
  const nearEnd = useCallback(
    () => void (hasNextPage && !isFetchingNextPage && fetchNextPage()),
    [hasNextPage, isFetchingNextPage, fetchNextPage],
  );

  const count = total ?? (list.isSuccess ? rows.length : null);
  return (
    <div className={inside ? "list-page inside" : "list-page"}>
      <div className="list-main">
        <header className="page-head">
          {inside ? <h2>{title}</h2> : <h1>{title}</h1>}
          {count !== null && (
            <span className="count">
              {hasNextPage && total === null ? t("kit.list.countAtLeast", { count }) : t("kit.list.count", { count })}
            </span>
          )}
          <SearchBox
            label={t("kit.list.searchLabel", { what: title })}
            filters={filters}
            typed={state.typed}
            change={state.setTyped}
            input={input}
          />
          <div className="page-actions">
            <ColumnChoice columns={columns} chosen={state.columns} choose={state.setColumns} />
            <Tooltip title={t("kit.list.reload")}>
              <Button
                type="text"
                icon={<ReloadOutlined spin={list.isRefetching} />}
                aria-label={t("kit.list.reload")}
                onClick={() => void refetch()}
              />
            </Tooltip>
            {props.actions}
          </div>
        </header>
        {props.notice}
        {list.isPending ? (
          <Loading lines={12} />
        ) : list.isError && rows.length === 0 ? (
          <ErrorPanel error={list.error} retry={() => void refetch()} />
        ) : rows.length === 0 ? (
          state.typed ? (
            <Empty
              title={t("kit.list.nothingFound")}
              text={t("kit.list.nothingFoundText")}
              action={<Button onClick={() => state.setTyped("")}>{t("kit.list.clearSearch")}</Button>}
            />
          ) : (
            <Empty {...props.empty} />
          )
        ) : (
          <Table
            label={title}
            rows={rows}
            columns={shownColumns}
            rowHeight={rowHeight(density)}
            idOf={idOf}
            current={current}
            openId={state.open}
            selected={bulk ? selected : null}
            toggle={toggle}
            enter={enter}
            click={(row, index) => {
              setCurrent(index);
              if (panel) state.setOpen(state.open === idOf(row) ? null : idOf(row));
              else if (href) enter(row);
            }}
            toggleAll={(on) => setSelected(new Set(on ? rows.map(idOf) : []))}
            nearEnd={nearEnd}
            total={total}
            scroller={scroller}
            foot={
              <div className="table-foot muted">
                {isFetchingNextPage
                  ? t("kit.list.loadingMore")
                  : !hasNextPage && t("kit.list.end", { count: rows.length })}
              </div>
            }
          />
        )}
        {bulk && selected.size > 0 && (
          <BulkBar
            actions={bulk}
            rows={rows.filter((row) => selected.has(idOf(row)))}
            nameOf={nameOf}
            clear={() => setSelected(new Set())}
          />
        )}
      </div>
      {panel && openRow && (
        <SidePanel
          title={props.panelTitle?.(openRow) ?? nameOf(openRow)}
          close={() => state.setOpen(null)}
          open={href ? () => void navigate(href(openRow)) : undefined}
        >
          {panel(openRow)}
        </SidePanel>
      )}
    </div>
  );
}

function useListState(prefix: string) {
  const [params, setParams] = useSearchParams();
  const columns = params.get(`${prefix}columns`);
  const set = useCallback(
    (name: string, value: string | null) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          if (value) after.set(prefix + name, value);
          else after.delete(prefix + name);
          return after;
        },
        { replace: true },
      ),
    [setParams, prefix],
  );
  const typed = params.get(`${prefix}q`) ?? "";
  const open = params.get(`${prefix}open`);
  return useMemo(
    () => ({
      typed,
      open,
      columns: columns?.split(",") ?? null,
      setTyped: (value: string) => set("q", value),
      setOpen: (id: string | null) => set("open", id),
      setColumns: (keys: readonly string[] | null) => set("columns", keys?.join(",") ?? null),
    }),
    [typed, open, columns, set],
  );
}

/** What the list of this page is asked for now, by the address: for an export of the same rows. */
export const useAsked = (filters: readonly Filter[]): Record<string, unknown> =>
  useListInput(useListState("").typed, filters, undefined);

function useListInput(typed: string, filters: readonly Filter[], fixed: object | undefined): Record<string, unknown> {
  const fixedKey = JSON.stringify(fixed ?? {});
  const names = filters.map(({ name }) => name);
  return useHeld([typed, fixedKey, names.join()], () => {
    const search = parseSearch(typed, names);
    const input: Record<string, unknown> = JSON.parse(fixedKey);
    if (search.text) input.search = search.text;
    for (const { field, value } of search.filters) {
      const filter = filters.find(({ name }) => name === field)!;
      const read = filter.kind === "moment" ? readMoment(value, new Date(), filter.end) : value;
      if (read) input[filter.param] = read;
    }
    return input;
  });
}

function ColumnChoice<T>(props: {
  columns: readonly Column<T>[];
  chosen: readonly string[] | null;
  choose: (keys: readonly string[] | null) => void;
}) {
  const { columns, chosen, choose } = props;
  const { t } = useTranslation();
  const shown = chosen ?? columns.filter(({ hidden }) => !hidden).map(({ key }) => key);
  const content = (
    <div className="column-choice">
      {columns.map(({ key, title, always }) => (
        <Checkbox
          key={key}
          disabled={always ?? false}
          checked={shown.includes(key)}
          onChange={(event) =>
            choose(
              columns
                .map((column) => column.key)
                .filter((each) => (each === key ? event.target.checked : shown.includes(each))),
            )
          }
        >
          {title}
        </Checkbox>
      ))}
    </div>
  );
  return (
    <Popover trigger="click" placement="bottomRight" content={content}>
      <Button type="text" icon={<TableOutlined />} title={t("kit.list.columns")} aria-label={t("kit.list.columns")} />
    </Popover>
  );
}
