import { Button, Checkbox, Input, Select } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { CONNECT_METHODS } from "../../../../src/assets/schema.ts";

interface Props {
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly change: (value: Record<string, unknown>) => void;
  readonly leave: () => void;
}

/** Kinds that have a form here; those of others are made by the API. */
export const FORMS = { connect: ConnectSettings, "connect-method": MethodSettings } as const;

function MethodSettings({ id, value, change }: Props) {
  const { t } = useTranslation();
  return (
    <Checkbox.Group
      name={id}
      value={(value.methods as string[] | undefined) ?? []}
      onChange={(methods) => change({ methods })}
      options={CONNECT_METHODS.map((method) => ({ value: method, label: t(`accessRules.methods.${method}`) }))}
    />
  );
}

interface Range {
  readonly day: string;
  readonly from: string;
  readonly to: string;
}
interface Times {
  readonly zone: string;
  readonly ranges: readonly Range[];
}

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
const OFFICE: readonly Range[] = DAYS.slice(0, 5).map((day) => ({ day, from: "08:00", to: "18:00" }));

function ConnectSettings({ id, value, change, leave }: Props) {
  const { t } = useTranslation();
  const addresses = (value.addresses as string[] | undefined) ?? [];
  const times = (value.times as Times | null | undefined) ?? null;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const put = (part: object) => change({ addresses, times, ...part });
  return (
    <div className="stack" role="group" id={id} aria-label={t("accessRules.form.when")}>
      <label className="stack-tight">
        <span>{t("accessRules.form.addresses")}</span>
        <Select
          id={`${id}-addresses`}
          mode="tags"
          open={false}
          suffixIcon={null}
          className="mono"
          value={addresses}
          placeholder={t("accessRules.form.anyAddress")}
          tokenSeparators={[",", " "]}
          onChange={(next: string[]) => put({ addresses: next })}
          onBlur={leave}
        />
      </label>
      <Checkbox
        checked={times !== null}
        onChange={(event) => put({ times: event.target.checked ? { zone: here, ranges: OFFICE } : null })}
      >
        {t("accessRules.form.atTimes")}
      </Checkbox>
      {times && <TimesField id={`${id}-times`} times={times} change={(next) => put({ times: next })} />}
    </div>
  );
}

function TimesField({ id, times, change }: { id: string; times: Times; change: (times: Times) => void }) {
  const { t } = useTranslation();
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone })), []);
  const put = (place: number, part: Partial<Range>) =>
    change({ ...times, ranges: times.ranges.with(place, { ...times.ranges[place]!, ...part }) });
  return (
    <div className="stack-tight">
      <Select
        id={`${id}-zone`}
        aria-label={t("accessRules.form.zone")}
        showSearch
        value={times.zone}
        options={zones}
        onChange={(zone: string) => change({ ...times, zone })}
      />
      {times.ranges.map(({ day, from, to }, place) => (
        // oxlint-disable-next-line react/no-array-index-key -- ranges have no identity but their place
        <div key={place} className="row">
          <Select
            aria-label={t("accessRules.form.day")}
            value={day}
            style={{ width: 120 }}
            options={DAYS.map((one) => ({ value: one, label: t(`accessRules.days.${one}`) }))}
            onChange={(next: string) => put(place, { day: next })}
          />
          <Input
            aria-label={t("accessRules.form.from")}
            className="mono"
            style={{ width: 80 }}
            value={from}
            onChange={(event) => put(place, { from: event.target.value })}
          />
          <Input
            aria-label={t("accessRules.form.to")}
            className="mono"
            style={{ width: 80 }}
            value={to}
            onChange={(event) => put(place, { to: event.target.value })}
          />
          {times.ranges.length > 1 && (
            <Button
              size="small"
              type="text"
              onClick={() => change({ ...times, ranges: times.ranges.toSpliced(place, 1) })}
            >
              {t("accessRules.selector.remove")}
            </Button>
          )}
        </div>
      ))}
      <Button
        size="small"
        onClick={() => change({ ...times, ranges: [...times.ranges, { day: "saturday", from: "08:00", to: "18:00" }] })}
      >
        {t("accessRules.form.addRange")}
      </Button>
    </div>
  );
}
