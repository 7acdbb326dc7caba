import { useTranslation } from "react-i18next";

const HIDDEN = "[hidden]";

/** The facts of an event: what was sent, before and after side by side where both are there, then the rest. */
export function EventFields({ fields }: { fields: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation();
  const { before, after, input, ...rest } = fields;
  return (
    <>
      {isRecord(before) && isRecord(after) && <Changes before={before} after={after} />}
      {isRecord(input) && Object.keys(input).length > 0 && (
        <section>
          <h3 className="section-title">{t("audit.events.input")}</h3>
          <Tree value={input} />
        </section>
      )}
      {Object.keys(rest).length > 0 && (
        <section>
          <h3 className="section-title">{t("audit.events.facts")}</h3>
          <Tree value={rest} />
        </section>
      )}
    </>
  );
}

function Changes({ before, after }: { before: Record<string, unknown>; after: Record<string, unknown> }) {
  const { t } = useTranslation();
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return (
    <table className="versions">
      <thead>
        <tr>
          <th aria-hidden="true" />
          <th>{t("audit.events.before")}</th>
          <th>{t("audit.events.after")}</th>
        </tr>
      </thead>
      <tbody>
        {changed.map((key) => (
          <tr key={key}>
            <th scope="row" className="mono">
              {key}
            </th>
            <td>
              <Tree value={before[key]} />
            </td>
            <td>
              <Tree value={after[key]} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Tree({ value }: { value: unknown }) {
  const { t } = useTranslation();
  if (value === HIDDEN) return <span className="faint">{t("audit.events.hidden")}</span>;
  if (Array.isArray(value))
    return value.length === 0 ? (
      <span className="faint">–</span>
    ) : (
      value.map((item, place) => <Tree key={place} value={item} />)
    );
  if (!isRecord(value))
    return (
      <div className="mono selectable">
        {value === null || value === undefined || value === ""
          ? "–"
          : typeof value === "string"
            ? value
            : JSON.stringify(value)}
      </div>
    );
  return (
    <dl className="facts tight">
      {Object.entries(value).map(([key, item]) => (
        <div key={key}>
          <dt className="mono">{key}</dt>
          <dd>
            <Tree value={item} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
