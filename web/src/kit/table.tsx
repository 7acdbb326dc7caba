import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, type RefObject, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "./settings.ts";

/** A column of a list. */
export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly render: (row: T) => ReactNode;
  /** A CSS grid width: "180px", "minmax(120px, 2fr)". */
  readonly width?: string;
  /** Its width on a narrow screen, where columns without one share what is left. */
  readonly narrow?: string;
  /** Not shown until chosen. */
  readonly hidden?: boolean;
  readonly align?: "right";
  /** The first column cannot be taken away. */
  readonly always?: boolean;
  /** Not on a narrow screen. */
  readonly wide?: boolean;
}

/** What one can do with a row. */
interface RowActions<T> {
  readonly toggle: (id: string, on: boolean, range: boolean) => void;
  readonly click: (row: T, at: number) => void;
  readonly enter: (row: T) => void;
}

interface TableProps<T> extends RowActions<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly rowHeight: number;
  readonly idOf: (row: T) => string;
  readonly current: number;
  readonly openId: string | null;
  readonly selected: ReadonlySet<string> | null;
  readonly toggleAll: (on: boolean) => void;
  readonly nearEnd: () => void;
  readonly total: number | null;
  readonly foot: ReactNode;
  readonly scroller: RefObject<HTMLDivElement | null>;
}

/** A table that draws only the rows on the screen; a row is drawn again only when it changed, so scrolling is cheap. */
export function Table<T>(props: TableProps<T>) {
  const { label, rows, columns, rowHeight, idOf, current, selected, nearEnd, total, foot, scroller } = props;
  const { t } = useTranslation();
  const narrow = useNarrow();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: rowHeight,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 30) nearEnd();
  }, [last, rows.length, nearEnd]);
  useEffect(() => virtual.measure(), [rowHeight, virtual]);
  const seen = useRef(current);
  useEffect(() => {
    if (current >= 0 && current !== seen.current) virtual.scrollToIndex(current, { align: "auto" });
    seen.current = current;
  }, [current, virtual]);

  const actions = useSteady(props);
  const template = `${selected ? "32px " : ""}${columns.map(narrow ? narrowWidth : ({ width }) => width ?? "minmax(100px, 1fr)").join(" ")}`;
  const all = rows.length > 0 && selected?.size === rows.length;
  return (
    <div
      ref={scroller}
      className="table"
      role="grid"
      aria-label={label}
      aria-rowcount={total ?? -1}
      aria-multiselectable={selected !== null}
      tabIndex={0}
    >
      <div className="table-body" role="rowgroup" style={{ height: virtual.getTotalSize() + rowHeight }}>
        <div className="table-head" role="row" style={{ gridTemplateColumns: template, height: rowHeight }}>
          {selected && (
            <div role="columnheader" className="cell cell-check">
              <Check
                label={t("kit.list.selectAll")}
                checked={all}
                some={!all && selected.size > 0}
                change={(on) => props.toggleAll(on)}
              />
            </div>
          )}
          {columns.map(({ key, title, align }) => (
            <div key={key} role="columnheader" className={align ? "cell cell-right" : "cell"}>
              {title}
            </div>
          ))}
        </div>
        {shown.map(({ index, start }) => {
          const row = rows[index]!;
          const id = idOf(row);
          return (
            <Row
              key={id}
              id={id}
              row={row}
              index={index}
              start={start}
              height={rowHeight}
              template={template}
              columns={columns as readonly Column<unknown>[]}
              actions={actions}
              current={index === current}
              open={id === props.openId}
              selected={selected ? selected.has(id) : null}
            />
          );
        })}
      </div>
      {foot}
    </div>
  );
}

const narrowWidth = ({ narrow }: { narrow?: string }): string => narrow ?? "minmax(0, 1fr)";

/** The same functions for all drawings of the table, so that its rows need not be drawn again. */
function useSteady<T>(props: RowActions<T>): RowActions<unknown> {
  const newest = useRef(props);
  newest.current = props;
  return useMemo(
    () => ({
      toggle: (id, on, range) => newest.current.toggle(id, on, range),
      click: (row, at) => newest.current.click(row as T, at),
      enter: (row) => newest.current.enter(row as T),
    }),
    [],
  );
}

interface RowProps {
  readonly id: string;
  readonly row: unknown;
  readonly index: number;
  readonly start: number;
  readonly height: number;
  readonly template: string;
  readonly columns: readonly Column<unknown>[];
  readonly actions: RowActions<unknown>;
  readonly current: boolean;
  readonly open: boolean;
  /** Null where rows cannot be selected. */
  readonly selected: boolean | null;
}

const Row = memo(function Row(props: RowProps) {
  const { id, row, index, start, height, template, columns, actions, current, open, selected } = props;
  const { t } = useTranslation();
  const marks = [current && "current", open && "open", selected && "selected"];
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected ?? open}
      className={`table-row ${marks.filter(Boolean).join(" ")}`}
      style={{ gridTemplateColumns: template, height, transform: `translateY(${start}px)` }}
      onClick={() => actions.click(row, index)}
      onDoubleClick={() => actions.enter(row)}
    >
      {selected !== null && (
        <div role="gridcell" className="cell cell-check" onClick={(event) => event.stopPropagation()}>
          <Check
            label={t("kit.list.selectRow")}
            checked={selected}
            change={(on, range) => actions.toggle(id, on, range)}
          />
        </div>
      )}
      {columns.map(({ key, render, align }) => (
        <div key={key} role="gridcell" className={align ? "cell cell-right" : "cell"}>
          {render(row)}
        </div>
      ))}
    </div>
  );
});

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly some?: boolean;
  readonly change: (on: boolean, range: boolean) => void;
}

/** The browser's own checkbox: a list has many of them. */
const Check = ({ label, checked, some = false, change }: CheckProps) => (
  <input
    type="checkbox"
    className="check"
    aria-label={label}
    checked={checked}
    ref={(box) => {
      if (box) box.indeterminate = some;
    }}
    onChange={(event) => change(event.target.checked, (event.nativeEvent as MouseEvent).shiftKey)}
  />
);
