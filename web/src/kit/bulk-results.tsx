import { Button, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { problemText } from "../texts/problems.ts";
import { StateTag } from "./pieces.tsx";

/** What became of one row; `problem` says why it was refused, null: done. */
export interface BulkResult {
  readonly name: string;
  readonly problem: string | null;
}

const MOST_SHOWN = 500;

/** What became of each of many rows, the refused ones first. */
export function BulkResults(props: {
  readonly title: string;
  readonly results: readonly BulkResult[];
  readonly of: number;
  readonly close: () => void;
}) {
  const { t } = useTranslation();
  const { title, results, of, close } = props;
  const refused = results.filter(({ problem }) => problem !== null);
  const ordered = [...refused, ...results.filter(({ problem }) => problem === null)];
  const rest = ordered.length - MOST_SHOWN;
  return (
    <Modal
      open
      title={title}
      width={640}
      onCancel={close}
      footer={
        <Button type="primary" autoFocus onClick={close}>
          {t("kit.close")}
        </Button>
      }
    >
      <div className="stack">
        <p role="status">
          {refused.length > 0
            ? t("kit.partial", { count: refused.length, of })
            : t("kit.partialDone", { done: results.length, of })}
        </p>
        <div className="bulk-results" role="region" aria-label={t("kit.bulk.results")} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("kit.bulk.outcome")}</th>
                <th scope="col">{t("kit.bulk.row")}</th>
                <th scope="col">{t("kit.bulk.reason")}</th>
              </tr>
            </thead>
            <tbody>
              {ordered.slice(0, MOST_SHOWN).map(({ name, problem }, at) => (
                <tr key={`${at} ${name}`}>
                  <td>
                    <StateTag tone={problem === null ? "good" : "bad"}>
                      {t(problem === null ? "kit.bulk.done" : "kit.bulk.refused")}
                    </StateTag>
                  </td>
                  <td className="mono selectable">{name}</td>
                  <td className="selectable">{problem !== null && problemText(problem)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {rest > 0 && <p className="muted">{t("kit.bulk.rest", { count: rest })}</p>}
      </div>
    </Modal>
  );
}
