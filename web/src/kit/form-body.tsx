import { Button } from "antd";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { ApiFault } from "../api.ts";
import { type AnySource, nameOfId } from "./choices.ts";
import { Control } from "./controls.tsx";
import { type FieldKind, fieldShape, fieldsOf, isText } from "./field-kind.ts";
import type { Form } from "./form.ts";
import { Problem } from "./states.tsx";
import { problemText } from "../texts/problems.ts";

/** How one field of the endpoint's input is shown. Everything but name and label is decided by the schema. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly help?: ReactNode;
  /** Instead of the kind that the schema suggests. */
  readonly kind?: FieldKind;
  /** Where ids are chosen from. */
  readonly source?: AnySource;
  readonly named?: readonly { readonly id: string; readonly name: string }[];
  readonly choices?: readonly string[];
  readonly choiceLabel?: (value: string) => string;
  readonly placeholder?: string;
  readonly mono?: boolean;
  readonly autoComplete?: string;
  readonly rows?: number;
  readonly required?: boolean;
  /** Does not say that it is optional: in a form where every field is. */
  readonly unmarked?: boolean;
  /** Shown only when this holds. */
  readonly when?: (values: Readonly<Record<string, unknown>>) => boolean;
  /** How a value reads in the comparison after a conflict, where its own words do not do. */
  readonly inWords?: (value: unknown) => string;
  /** Draws the control itself, for what no kind fits. Problems below its path are passed along. */
  readonly render?: (props: {
    id: string;
    value: unknown;
    change: (value: unknown) => void;
    leave: () => void;
    problems: Readonly<Record<string, string>>;
  }) => ReactNode;
}

/** Fields under a heading with a sentence. */
export interface FieldGroup {
  readonly title?: string;
  readonly text?: string;
  readonly fields: readonly Field[];
}

/** The fields of a form in groups, problems at their fields, both versions after a conflict. */
export function FormBody({
  endpoint,
  form,
  groups,
}: {
  endpoint: Endpoint;
  form: Form;
  groups: readonly FieldGroup[];
}) {
  const { t } = useTranslation();
  const shown = groups.flatMap(({ fields }) => fields.map(({ name }) => name));
  const elsewhere = Object.entries(form.problems).filter(
    ([path]) => !shown.some((name) => path === name || path.startsWith(`${name}.`)),
  );
  const count = Object.keys(form.problems).length;
  const end = useRef<HTMLDivElement>(null);
  const refused = form.conflict ?? form.error;
  useEffect(() => {
    if (refused) end.current?.scrollIntoView({ block: "nearest" });
  }, [refused]);
  return (
    <div className="form">
      {form.kept && (
        <div className="note note-head">
          <span>{t("kit.form.kept")}</span>
          <Button size="small" type="text" onClick={form.reset}>
            {t("kit.form.discard")}
          </Button>
        </div>
      )}
      {groups.map(({ title, text, fields }, place) => (
        <div key={title ?? place} className="form-group" role="group" aria-label={title}>
          {title && <h3>{title}</h3>}
          {text && <p className="muted">{text}</p>}
          {fields
            .filter(({ when }) => when?.(form.values) ?? true)
            .map((field) => (
              <FieldLine key={field.name} endpoint={endpoint} form={form} field={field} />
            ))}
        </div>
      ))}
      {form.conflict && (
        <ConflictNote
          form={form}
          fields={new Map(groups.flatMap(({ fields }) => fields.map((field) => [field.name, field] as const)))}
        />
      )}
      <div aria-live="polite">
        {count > 0 && <p className="bad">{t("kit.form.problems", { count })}</p>}
        {elsewhere.map(([path, message]) => (
          <p key={path} className="bad">
            <span className="mono">{path}</span> {problemText(message)}
          </p>
        ))}
      </div>
      {form.error && !form.conflict && !isShownElsewhere(form.error) && <Problem error={form.error} />}
      <div ref={end} />
    </div>
  );
}

/** Problems stand at their fields, and a lost session asks for the password again. */
const isShownElsewhere = (error: unknown): boolean =>
  error instanceof ApiFault && (error.problems.length > 0 || error.code === "unauthenticated");

function FieldLine({ endpoint, form, field }: { endpoint: Endpoint; form: Form; field: Field }) {
  const { t } = useTranslation();
  const id = useId();
  const { name, label, help, kind, choices, required } = field;
  const schema = fieldsOf(endpoint.input)[name];
  if (!schema) throw new Error(`${endpoint.name} has no field ${name}`);
  const known = fieldShape(name, schema);
  const shape = {
    ...known,
    ...(kind && { kind }),
    ...(choices && { choices }),
    ...(required !== undefined && { required }),
  };
  const inner = Object.fromEntries(
    Object.entries(form.problems).filter(([path]) => path === name || path.startsWith(`${name}.`)),
  );
  const problem = inner[name] ?? Object.values(inner)[0];
  // An update leaves out what did not change, so there every field may be absent; that does not make it optional to fill in.
  const mayBeEmpty = shape.nullable || (form.updates ? schema.safeParse("").success : !shape.required);
  const optional = !field.unmarked && (isText(shape.kind) ? mayBeEmpty : !shape.required) && shape.kind !== "switch";
  const change = (value: unknown) => form.set(name, value);
  const leave = () => form.leave(name);
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <span className="faint"> {t("kit.form.optional")}</span>}
      </label>
      {field.render ? (
        field.render({ id, value: form.values[name], change, leave, problems: inner })
      ) : (
        <Control
          {...field}
          id={id}
          shape={shape}
          value={form.values[name]}
          change={change}
          leave={leave}
          bad={problem !== undefined}
          describedBy={problem || help ? `${id}-help` : undefined}
        />
      )}
      {(problem || help) && (
        <div
          id={`${id}-help`}
          className={problem ? "field-help bad" : "field-help"}
          role={problem ? "alert" : undefined}
        >
          {problem ? problemText(problem) : help}
        </div>
      )}
    </div>
  );
}

function ConflictNote({ form, fields: known }: { form: Form; fields: ReadonlyMap<string, Field> }) {
  const { t } = useTranslation();
  const { current, fields } = form.conflict!;
  const words = (name: string, value: unknown) => (known.get(name)?.inWords ?? inWords)(value);
  return (
    <div className="note note-warn" role="alert">
      <strong>{t("kit.form.conflictTitle")}</strong>
      <p>{t("kit.form.conflictText")}</p>
      <table className="versions">
        <thead>
          <tr>
            <th>{t("kit.form.conflictField")}</th>
            <th>{t("kit.form.conflictMine")}</th>
            <th>{t("kit.form.conflictTheirs")}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((name) => (
            <tr key={name}>
              <td>{known.get(name)?.label ?? name}</td>
              <td>{words(name, form.values[name])}</td>
              <td>
                <Button size="small" onClick={() => form.set(name, current[name])}>
                  {words(name, current[name])}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inWords(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  if (typeof value === "object") return "name" in value ? String(value.name) : JSON.stringify(value);
  return typeof value === "string" ? (nameOfId(value) ?? value) : JSON.stringify(value);
}
