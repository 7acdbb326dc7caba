import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../query.ts";
import { ConfirmEnd } from "./confirm-end.tsx";
import { type Failure, Partial, Progress } from "./states.tsx";

/** Something to do with every selected row. */
export interface BulkAction<T> {
  readonly key: string;
  readonly label: string;
  readonly danger?: boolean;
  /** Says what will happen, and how many live sessions end; asked before it starts. */
  readonly confirm?: (rows: readonly T[]) => { readonly title: string; readonly text?: string; readonly live?: number };
  /** Done for each row by itself; a Fault is shown beside the row's name, the others go on. */
  readonly run: (row: T) => Promise<unknown>;
}

const AT_ONCE = 4;

interface Work {
  readonly title: string;
  readonly of: number;
  readonly done: number;
  readonly failures: readonly Failure[];
  readonly finished: boolean;
}

/** Stands at the foot of a list while rows are selected. */
export function BulkBar<T>(props: {
  actions: readonly BulkAction<T>[];
  rows: readonly T[];
  nameOf: (row: T) => string;
  clear: () => void;
}) {
  const { actions, rows, nameOf, clear } = props;
  const { t } = useTranslation();
  const [asking, setAsking] = useState<BulkAction<T> | null>(null);
  const [work, setWork] = useState<Work | null>(null);

  const start = async (action: BulkAction<T>) => {
    setAsking(null);
    const waiting = [...rows];
    const failures: Failure[] = [];
    let done = 0;
    const tell = (finished: boolean) =>
      setWork({ title: action.label, of: rows.length, done, failures: [...failures], finished });
    tell(false);
    const worker = async () => {
      for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
        const name = nameOf(row);
        await action
          .run(row)
          .catch((error: unknown) =>
            failures.push({ name, message: error instanceof Error ? error.message : String(error) }),
          );
        done += 1;
        tell(false);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    tell(true);
    void queries.invalidateQueries();
    if (failures.length === 0) clear();
  };

  const question = asking?.confirm?.(rows);
  return (
    <div className="bulk-bar" role="toolbar">
      {work && !work.finished && <Progress title={work.title} done={work.done} of={work.of} />}
      {work?.finished && work.failures.length > 0 && (
        <Partial failures={work.failures} of={work.of} dismiss={() => setWork(null)} />
      )}
      <div className="bulk-line">
        <strong>{t("kit.list.selected", { count: rows.length })}</strong>
        {actions.map((action) => (
          <Button
            key={action.key}
            size="small"
            danger={action.danger ?? false}
            onClick={() => (action.confirm ? setAsking(action) : void start(action))}
          >
            {action.label}
          </Button>
        ))}
        <Button size="small" type="text" onClick={clear}>
          {t("kit.list.clearSelection")}
        </Button>
      </div>
      {asking && question && (
        <ConfirmEnd
          title={question.title}
          text={question.text}
          live={question.live}
          names={rows.map(nameOf)}
          verb={asking.label}
          close={() => setAsking(null)}
          run={() => start(asking)}
        />
      )}
    </div>
  );
}
