import { Input, InputNumber, Radio, Select, Switch } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AnySource, learnNames, nameOfId, useChoices } from "./choices.ts";
import type { FieldShape } from "./field-kind.ts";

export interface ControlProps {
  readonly id: string;
  readonly shape: FieldShape;
  readonly value: unknown;
  readonly change: (value: unknown) => void;
  /** The person left the field. */
  readonly leave: () => void;
  readonly bad: boolean;
  readonly describedBy: string | undefined;
  readonly source?: AnySource | undefined;
  /** Names of the ids that are chosen already. */
  readonly named?: readonly { readonly id: string; readonly name: string }[] | undefined;
  readonly choiceLabel?: ((value: string) => string) | undefined;
  readonly placeholder?: string | undefined;
  readonly mono?: boolean | undefined;
  readonly autoComplete?: string | undefined;
  readonly rows?: number | undefined;
}

/** The control that fits a field's shape. */
export function Control(props: ControlProps) {
  const { t } = useTranslation();
  const { id, shape, value, change, leave, bad, describedBy, mono, placeholder, autoComplete, rows } = props;
  const status = bad ? ("error" as const) : undefined;
  const aria = { id, "aria-invalid": bad, "aria-describedby": describedBy, "aria-required": shape.required };
  const text = typeof value === "string" ? value : "";
  const className = mono ? "mono" : "";
  const label = props.choiceLabel ?? String;
  switch (shape.kind) {
    case "long-text":
      return (
        <Input.TextArea
          {...aria}
          {...(status && { status })}
          className={className}
          value={text}
          autoSize={{ minRows: rows ?? 2, maxRows: 12 }}
          placeholder={placeholder}
          onChange={(event) => change(event.target.value)}
          onBlur={leave}
        />
      );
    case "secret":
      if (rows) {
        return (
          <Input.TextArea
            {...aria}
            {...(status && { status })}
            className="mono veiled"
            value={text}
            rows={rows}
            spellCheck={false}
            autoComplete="off"
            placeholder={placeholder}
            onChange={(event) => change(event.target.value)}
            onBlur={leave}
          />
        );
      }
      return (
        <Input.Password
          {...aria}
          {...(status && { status })}
          value={text}
          autoComplete={autoComplete ?? "new-password"}
          placeholder={placeholder}
          onChange={(event) => change(event.target.value)}
          onBlur={leave}
        />
      );
    case "number":
      return (
        <InputNumber
          {...aria}
          {...(status && { status })}
          value={typeof value === "number" ? value : null}
          placeholder={placeholder}
          onChange={(next) => change(next ?? undefined)}
          onBlur={leave}
          style={{ width: 160 }}
        />
      );
    case "switch":
      return <Switch {...aria} checked={value === true} onChange={change} />;
    case "choice":
      if (shape.choices.length <= 4 && !shape.nullable) {
        return (
          <Radio.Group
            {...aria}
            value={value}
            onChange={(event) => change(event.target.value)}
            options={shape.choices.map((choice) => ({ value: choice, label: label(choice) }))}
          />
        );
      }
      return (
        <Select
          {...aria}
          {...(status && { status })}
          value={value ?? undefined}
          allowClear={shape.nullable}
          placeholder={placeholder ?? (shape.nullable ? t("kit.none") : undefined)}
          onChange={(next: unknown) => change(next ?? null)}
          onBlur={leave}
          options={shape.choices.map((choice) => ({ value: choice, label: label(choice) }))}
        />
      );
    case "choices":
      return (
        <Select
          {...aria}
          {...(status && { status })}
          mode="multiple"
          value={value as string[]}
          onChange={change}
          onBlur={leave}
          options={shape.choices.map((choice) => ({ value: choice, label: label(choice) }))}
        />
      );
    case "ids":
    case "id":
      return <Picker {...props} />;
    case "words":
      return props.source ? (
        <Picker {...props} />
      ) : (
        <Select
          {...aria}
          {...(status && { status })}
          mode="tags"
          open={false}
          suffixIcon={null}
          value={value as string[]}
          onChange={change}
          onBlur={leave}
          placeholder={placeholder}
          tokenSeparators={[",", " "]}
          className={className}
        />
      );
    case "moment":
      return (
        <Input
          {...aria}
          {...(status && { status })}
          type="datetime-local"
          value={localOf(text)}
          onChange={(event) => change(isoOf(event.target.value))}
          onBlur={leave}
          style={{ width: 220 }}
        />
      );
    default:
      return (
        <Input
          {...aria}
          {...(status && { status })}
          className={className}
          value={text}
          placeholder={placeholder}
          autoComplete={autoComplete ?? "off"}
          onChange={(event) => change(event.target.value)}
          onBlur={leave}
        />
      );
  }
}

/** An exact moment as the browser's own control shows it: local, without zone. */
function localOf(iso: string): string {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const isoOf = (local: string): string | null => (local ? new Date(local).toISOString() : null);

/** Search-as-you-type over a list endpoint; chooses one id or many. */
function Picker({ id, shape, value, change, leave, bad, source, named, placeholder, describedBy }: ControlProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const { items, busy } = useChoices(source, typed);
  if (named) learnNames(named);
  const many = shape.kind !== "id";
  const chosen = useMemo(
    () => (many ? ((value as string[] | undefined) ?? []) : value ? [value as string] : []),
    [many, value],
  );
  const options = useMemo(() => {
    const shown = new Set(items.map((item) => item.id));
    const rest = chosen
      .filter((each) => !shown.has(each))
      .map((each) => ({ value: each, label: nameOfId(each) ?? each, hint: "" }));
    return [...items.map((item) => ({ value: item.id, label: item.name, hint: item.hint })), ...(typed ? [] : rest)];
  }, [items, chosen, typed]);
  return (
    <Select
      id={id}
      {...(bad && { status: "error" as const })}
      {...(many && { mode: "multiple" as const })}
      aria-describedby={describedBy}
      showSearch={{ filterOption: false, onSearch: setTyped, searchValue: typed }}
      allowClear
      loading={busy}
      value={many ? chosen : chosen[0]}
      options={options}
      labelRender={({ value: each, label }) => nameOfId(String(each)) ?? label ?? String(each)}
      optionRender={({ data }) => (
        <span className="option">
          {data.label} <span className="muted">{data.hint}</span>
        </span>
      )}
      placeholder={placeholder ?? t("kit.form.pick")}
      notFoundContent={busy ? t("kit.loading") : t("kit.list.nothingFound")}
      onChange={(next: unknown) => {
        change(next ?? (many ? [] : null));
        setTyped("");
      }}
      onBlur={leave}
      style={{ width: "100%" }}
    />
  );
}
