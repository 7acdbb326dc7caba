import { Button } from "antd";
import type { ReactNode } from "react";
import { Empty, ErrorPanel, Loading } from "../../kit/index.ts";
import { useTranslation } from "react-i18next";

interface Rows<T> {
  readonly isPending: boolean;
  readonly isError: boolean;
  readonly error: unknown;
  readonly rows: readonly T[];
  readonly hasNextPage: boolean;
  readonly fetchNextPage: () => unknown;
  readonly refetch: () => unknown;
}

/** A short list as a section of a page: heading, sentence, rows. */
export function RowsSection<T>({
  title,
  text,
  actions,
  list,
  empty,
  idOf,
  row,
}: {
  title: string;
  text?: string;
  actions?: ReactNode;
  list: Rows<T>;
  empty: { title: string; text: string };
  idOf: (row: T) => string;
  row: (row: T) => ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <section className="rows-section">
      <div className="note-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {text && <p className="muted">{text}</p>}
      {list.isPending ? (
        <Loading lines={2} />
      ) : list.isError ? (
        <ErrorPanel error={list.error} retry={() => void list.refetch()} />
      ) : list.rows.length === 0 ? (
        <Empty title={empty.title} text={empty.text} />
      ) : (
        <ul className="plain-list">
          {list.rows.map((one) => (
            <li key={idOf(one)}>{row(one)}</li>
          ))}
        </ul>
      )}
      {list.hasNextPage && <Button onClick={() => void list.fetchNextPage()}>{t("kit.more")}</Button>}
    </section>
  );
}
