import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../query.ts";
import { BulkResults, type BulkResult } from "./bulk-results.tsx";
import { ConfirmEnd } from "./confirm-end.tsx";
import { Partial, Progress } from "./states.tsx";

/** Does many rows in one call and tells what became of each. */
export type Together<T> = (rows: readonly T[]) => Promise<readonly BulkResult[]>;

/** Something to do with every selected row. */
export interface BulkAction<T> {
  readonly key: string;
  readonly label: string;
  readonly danger?: boolean;
  /** Says what will happen, and how many live sessions end; asked before it starts. */
  readonly confirm?: (rows: readonly T[]) => { readonly title: string; readonly text?: string; readonly live?: number };
  /** Done for each row by itself; a Fault is shown beside the row's name, the others go on. */
  readonly run?: (row: T) => Promise<unknown>;
  /** Instead of `run`: 100 rows in one call. What became of each row is shown at the end. */
  readonly together?: Together<T>;
  /** Instead of `run` and `together`: the page asks what to do, and starts it. */
  readonly ask?: (rows: readonly T[], start: (work: Together<T>) => void, close: () => void) => ReactNode;
}

const AT_ONCE = 4;
const IN_ONE_CALL = 100;

interface Work {
  readonly title: string;
  readonly of: number;
  readonly results: readonly BulkResult[];
  readonly finished: boolean;
  /** Whether every row's result is shown, and not only what failed. */
  readonly each: boolean;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
  const busy = work !== null && !work.finished;

  const start = async (action: BulkAction<T>, together = action.together) => {
    setAsking(null);
    const each = together !== undefined;
    const results: BulkResult[] = [];
    const tell = (finished: boolean) =>
      setWork({ title: action.label, of: rows.length, results: [...results], finished, each });
    const one = async ([row]: readonly T[]): Promise<readonly BulkResult[]> => {
      await action.run?.(row!);
      return [{ name: nameOf(row!), problem: null }];
    };
    tell(false);
    const waiting = piecesOf(rows, together ? IN_ONE_CALL : 1);
    const worker = async () => {
      for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
        const failed = (error: unknown) => piece.map((row) => ({ name: nameOf(row), problem: wordsOf(error) }));
        results.push(...(await (together ?? one)(piece).catch(failed)));
        tell(false);
      }
    };
    await Promise.all(Array.from({ length: together ? 1 : AT_ONCE }, worker));
    tell(true);
    void queries.invalidateQueries();
    if (!each && results.every(({ problem }) => problem === null)) clear();
  };
  const dismiss = () => {
    const isDone = work?.results.every(({ problem }) => problem === null);
    setWork(null);
    if (isDone) clear();
  };

  const question = asking?.confirm?.(rows);
  return (
    <div className="bulk-bar" role="toolbar" aria-label={t("kit.list.selected", { count: rows.length })}>
      {work && busy && <Progress title={work.title} done={work.results.length} of={work.of} />}
      {work?.finished && work.each && (
        <BulkResults title={work.title} results={work.results} of={work.of} close={dismiss} />
      )}
      {work?.finished && !work.each && work.results.some(({ problem }) => problem !== null) && (
        <Partial
          failures={work.results.flatMap(({ name, problem }) => (problem === null ? [] : [{ name, message: problem }]))}
          of={work.of}
          dismiss={() => setWork(null)}
        />
      )}
      <div className="bulk-line">
        <strong>{t("kit.list.selected", { count: rows.length })}</strong>
        {actions.map((action) => (
          <Button
            key={action.key}
            size="small"
            danger={action.danger ?? false}
            disabled={busy}
            onClick={() => (action.confirm || action.ask ? setAsking(action) : void start(action))}
          >
            {action.label}
          </Button>
        ))}
        <Button size="small" type="text" disabled={busy} onClick={clear}>
          {t("kit.list.clearSelection")}
        </Button>
      </div>
      {asking?.ask?.(
        rows,
        (together) => void start(asking, together),
        () => setAsking(null),
      )}
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

const piecesOf = <T,>(rows: readonly T[], size: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));
