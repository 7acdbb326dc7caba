import { Checkbox } from "antd";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

/** A column of a list. */
export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly render: (row: T) => ReactNode;
  /** A CSS grid width: "180px", "minmax(120px, 2fr)". */
  readonly width?: string;
  /** Not shown until chosen. */
  readonly hidden?: boolean;
  readonly align?: "right";
  /** The first column cannot be taken away. */
  readonly always?: boolean;
  /** Not on a narrow screen. */
  readonly wide?: boolean;
}

interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly rowHeight: number;
  readonly idOf: (row: T) => string;
  readonly current: number;
  readonly openId: string | null;
  readonly selected: ReadonlySet<string> | null;
  readonly toggle: (id: string, on: boolean, range: boolean) => void;
  readonly toggleAll: (on: boolean) => void;
  readonly click: (row: T, at: number) => void;
  readonly enter: (row: T) => void;
  readonly nearEnd: () => void;
  readonly total: number | null;
  readonly foot: ReactNode;
  readonly scroller: RefObject<HTMLDivElement | null>;
}

/** A table that draws only the rows on the screen: 10,000 rows scroll without a dropped frame. */
export function Table<T>(props: TableProps<T>) {
  const { label, rows, columns, rowHeight, idOf, current, selected, nearEnd, total, foot, scroller } = props;
  const { t } = useTranslation();
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

  const template = `${selected ? "32px " : ""}${columns.map(({ width }) => width ?? "minmax(100px, 1fr)").join(" ")}`;
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
              <Checkbox
                aria-label={t("kit.list.selectAll")}
                checked={all}
                indeterminate={!all && selected.size > 0}
                onChange={(event) => props.toggleAll(event.target.checked)}
              />
            </div>
          )}
          {columns.map(({ key, title, align }) => (
            <div key={key} role="columnheader" className={`cell${align ? " cell-right" : ""}`}>
              {title}
            </div>
          ))}
        </div>
        {shown.map(({ index, start }) => {
          const row = rows[index]!;
          const id = idOf(row);
          const marks = [
            index === current && "current",
            id === props.openId && "open",
            selected?.has(id) && "selected",
          ];
          return (
            <div
              key={id}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={selected?.has(id) ?? id === props.openId}
              className={`table-row ${marks.filter(Boolean).join(" ")}`}
              style={{ gridTemplateColumns: template, height: rowHeight, transform: `translateY(${start}px)` }}
              onClick={() => props.click(row, index)}
              onDoubleClick={() => props.enter(row)}
            >
              {selected && (
                <div role="gridcell" className="cell cell-check" onClick={(event) => event.stopPropagation()}>
                  <Checkbox
                    tabIndex={-1}
                    aria-label={t("kit.list.selectRow")}
                    checked={selected.has(id)}
                    onChange={(event) => props.toggle(id, event.target.checked, event.nativeEvent.shiftKey)}
                  />
                </div>
              )}
              {columns.map(({ key, render, align }) => (
                <div key={key} role="gridcell" className={`cell${align ? " cell-right" : ""}`}>
                  {render(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {foot}
    </div>
  );
}
