import { Checkbox, InputNumber, Radio, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  GRANT_ACTIONS,
  type Grant,
  type GrantAction,
  listAccounts,
  listProtocols,
} from "../../../../src/assets/schema.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";

interface FieldProps<T> {
  readonly id: string;
  readonly value: T;
  readonly change: (value: T) => void;
}

/** Chooses names of accounts, with those that exist as suggestions; any other name may be typed. */
function AccountNames({ id, value, change, label }: FieldProps<readonly string[]> & { label: string }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const may = useMay("account.list");
  const found = useEndpoint(listAccounts, { limit: 100, ...(typed && { search: typed }) }, { enabled: may });
  const names = [...new Set((found.data?.items ?? []).map(({ name }) => name))].filter((name) => name.includes(typed));
  return (
    <Select
      id={id}
      mode="tags"
      aria-label={label}
      className="mono"
      value={[...value]}
      options={names.slice(0, 20).map((name) => ({ value: name, label: name }))}
      showSearch={{ onSearch: setTyped, searchValue: typed }}
      tokenSeparators={[",", " "]}
      placeholder={t("access.form.namesHint")}
      onChange={(next: string[]) => {
        change(next);
        setTyped("");
      }}
    />
  );
}

/** As which accounts a rule lets in. */
export function AccountsField({ id, value, change }: FieldProps<Grant["accounts"]>) {
  const { t } = useTranslation();
  const put = (part: Partial<Grant["accounts"]>) => change({ ...value, ...part });
  const kinds = (["sameName", "manual", "anonymous"] as const).filter((kind) => kind === "sameName" || value[kind]);
  return (
    <div className="stack" role="group" id={id} aria-label={t("terms.accounts")}>
      <Checkbox checked={value.all} onChange={(event) => put({ all: event.target.checked })}>
        {t("access.form.all")}
      </Checkbox>
      {!value.all && (
        <label className="stack-tight">
          <span>{t("access.form.names")}</span>
          <AccountNames
            id={`${id}-names`}
            label={t("access.form.names")}
            value={value.names}
            change={(names) => put({ names: [...names] })}
          />
        </label>
      )}
      {kinds.map((kind) => (
        <Checkbox key={kind} checked={value[kind]} onChange={(event) => put({ [kind]: event.target.checked })}>
          {t(`access.accountKinds.${kind}`)}
        </Checkbox>
      ))}
      <label className="stack-tight">
        <span>{t("access.form.excluded")}</span>
        <AccountNames
          id={`${id}-excluded`}
          label={t("access.form.excluded")}
          value={value.excluded}
          change={(excluded) => put({ excluded: [...excluded] })}
        />
      </label>
    </div>
  );
}

/** By which protocols a rule lets in. */
export function ProtocolsField({ id, value, change }: FieldProps<Grant["protocols"]>) {
  const { t } = useTranslation();
  const known = useEndpoint(listProtocols, {}).data?.items ?? [];
  const options = [
    ...known.map(({ kind, title }) => ({ value: kind, label: title })),
    ...value.kinds
      .filter((kind) => !known.some((each) => each.kind === kind))
      .map((kind) => ({ value: kind, label: kind })),
  ];
  return (
    <div className="stack" role="group" id={id} aria-label={t("access.rules.protocols")}>
      <Radio.Group
        value={value.all}
        onChange={(event) => change({ all: event.target.value === true, kinds: event.target.value ? [] : value.kinds })}
        options={[
          { value: true, label: t("access.form.allProtocols") },
          { value: false, label: t("access.form.someProtocols") },
        ]}
      />
      {!value.all && (
        <Checkbox.Group
          value={[...value.kinds]}
          options={options}
          onChange={(kinds) => change({ all: false, kinds: kinds.map(String) })}
        />
      )}
    </div>
  );
}

/** What a rule lets people do. */
export function ActionsField({ id, value, change }: FieldProps<readonly GrantAction[]>) {
  const { t } = useTranslation();
  return (
    <div className="actions-field" role="group" id={id} aria-label={t("access.rules.actions")}>
      {GRANT_ACTIONS.map((action) => (
        <Checkbox
          key={action}
          checked={value.includes(action)}
          onChange={(event) =>
            change(GRANT_ACTIONS.filter((each) => (each === action ? event.target.checked : value.includes(each))))
          }
        >
          {t(`access.actions.${action}`)} <span className="faint">{t(`access.actionsHelp.${action}`)}</span>
        </Checkbox>
      ))}
    </div>
  );
}

const ENDS = ["cut", "warn", "keep"] as const;
const WARN_MINUTES = 10;

/** What becomes of live sessions when a rule ends; a new rule may leave it to the organization's settings. */
export function AtEndField({
  id,
  value,
  change,
  mayBeDefault,
}: FieldProps<Grant["atEnd"] | undefined> & { mayBeDefault: boolean }) {
  const { t } = useTranslation();
  const choose = (what: "default" | Grant["atEnd"]["what"]) => {
    if (what === "default") change(undefined);
    else change(what === "warn" ? { what, minutes: WARN_MINUTES } : { what });
  };
  return (
    <div className="stack">
      <Select
        id={id}
        value={value?.what ?? "default"}
        options={[...(mayBeDefault ? (["default"] as const) : []), ...ENDS].map((what) => ({
          value: what,
          label: t(`access.atEnd.${what}`),
        }))}
        onChange={choose}
      />
      {value?.what === "warn" && (
        <label className="stack-tight">
          <span>{t("access.form.minutes")}</span>
          <InputNumber
            min={1}
            max={120}
            precision={0}
            value={value.minutes}
            onChange={(minutes) => change({ what: "warn", minutes: minutes ?? WARN_MINUTES })}
          />
        </label>
      )}
    </div>
  );
}
