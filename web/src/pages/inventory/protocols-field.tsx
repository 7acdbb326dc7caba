import { DeleteOutlined } from "@ant-design/icons";
import { Button, Input, InputNumber, Select, Switch, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import type { z } from "zod";
import { type Asset, listProtocols, type ProtocolInfo } from "../../../../src/assets/schema.ts";
import { useEndpoint } from "../../query.ts";
import { problemText } from "../../texts/problems.ts";
import { settingsOf, type Setting } from "./settings-of.ts";

type AssetProtocol = Asset["protocols"][number];
type Known = z.output<typeof ProtocolInfo>;

interface ProtocolsFieldProps {
  readonly id: string;
  readonly value: readonly AssetProtocol[];
  readonly change: (value: AssetProtocol[]) => void;
  readonly problems: Readonly<Record<string, string>>;
}

/** The protocols of an asset: port and settings of each, drawn from what the server says of the protocol. */
export function ProtocolsField({ id, value, change, problems }: ProtocolsFieldProps) {
  const { t } = useTranslation();
  const known = useEndpoint(listProtocols, {}).data?.items ?? [];
  const free = known.filter(({ kind }) => !value.some((each) => each.kind === kind));
  const put = (at: number, part: Partial<AssetProtocol>) =>
    change(value.map((each, place) => (place === at ? { ...each, ...part } : each)));
  return (
    <div className="stack" id={id} role="group" aria-label={t("inventory.assets.protocols")}>
      {value.map((protocol, at) => (
        <ProtocolLine
          key={protocol.kind}
          id={`${id}-${at}`}
          protocol={protocol}
          known={known.find(({ kind }) => kind === protocol.kind)}
          bad={Object.entries(problems).find(([path]) => path.startsWith(`protocols.${at}.`))?.[1]}
          put={(part) => put(at, part)}
          remove={value.length > 1 ? () => change(value.filter((_, place) => place !== at)) : undefined}
        />
      ))}
      {free.length > 0 && (
        <Select
          value={null}
          aria-label={t("inventory.assets.addProtocol")}
          placeholder={t("inventory.assets.addProtocol")}
          options={free.map(({ kind, title }) => ({ value: kind, label: title }))}
          onChange={(kind: string | null) => {
            const chosen = free.find((each) => each.kind === kind);
            if (chosen) change([...value, { kind: chosen.kind, port: chosen.defaultPort, settings: {} }]);
          }}
        />
      )}
    </div>
  );
}

interface LineProps {
  readonly id: string;
  readonly protocol: AssetProtocol;
  readonly known: Known | undefined;
  readonly bad: string | undefined;
  readonly put: (part: Partial<AssetProtocol>) => void;
  readonly remove: (() => void) | undefined;
}

function ProtocolLine({ id, protocol, known, bad, put, remove }: LineProps) {
  const { t } = useTranslation();
  const title = known?.title ?? protocol.kind;
  const removeWords = t("inventory.assets.removeProtocol", { protocol: title });
  return (
    <fieldset className="protocol-line" aria-label={title}>
      <div className="row">
        <strong className="grow">{title}</strong>
        <label htmlFor={`${id}-port`}>{t("terms.port")}</label>
        <InputNumber
          id={`${id}-port`}
          value={protocol.port}
          min={1}
          max={65_535}
          precision={0}
          {...(bad && { status: "error" as const })}
          onChange={(port) => put({ port: port ?? known?.defaultPort ?? 0 })}
          style={{ width: 96 }}
        />
        {remove && (
          <Tooltip title={removeWords}>
            <Button type="text" icon={<DeleteOutlined />} aria-label={removeWords} onClick={remove} />
          </Tooltip>
        )}
      </div>
      {settingsOf(known?.settings).map((setting) => (
        <SettingLine
          key={setting.name}
          id={`${id}-${setting.name}`}
          setting={setting}
          value={protocol.settings[setting.name]}
          change={(value) => put({ settings: { ...protocol.settings, [setting.name]: value } })}
        />
      ))}
      {bad && (
        <div className="field-help bad" role="alert">
          {problemText(bad)}
        </div>
      )}
    </fieldset>
  );
}

interface SettingProps {
  readonly id: string;
  readonly setting: Setting;
  readonly value: unknown;
  readonly change: (value: unknown) => void;
}

function SettingLine({ id, setting, value, change }: SettingProps) {
  const { name, title, description, kind } = setting;
  const label = title ?? name;
  return (
    <div className={kind === "switch" ? "setting setting-switch" : "setting"}>
      <label htmlFor={id}>{label}</label>
      <SettingControl id={id} setting={setting} value={value} change={change} />
      {description && <div className="field-help">{description}</div>}
    </div>
  );
}

function SettingControl({ id, setting, value, change }: SettingProps) {
  const { t } = useTranslation();
  const { kind, initial, choices, min, max } = setting;
  const hint =
    initial === undefined ? undefined : t("inventory.assets.defaultValue", { value: JSON.stringify(initial) });
  if (kind === "switch") return <Switch id={id} size="small" checked={(value ?? initial) === true} onChange={change} />;
  if (kind === "number") {
    return (
      <InputNumber
        id={id}
        value={typeof value === "number" ? value : null}
        placeholder={hint}
        {...(min !== undefined && { min })}
        {...(max !== undefined && { max })}
        onChange={(next) => change(next ?? undefined)}
        style={{ width: 160 }}
      />
    );
  }
  if (kind === "choice") {
    return (
      <Select
        id={id}
        value={(value ?? initial) as string}
        options={choices.map((choice) => ({ value: choice, label: choice }))}
        onChange={change}
      />
    );
  }
  return (
    <Input
      id={id}
      value={typeof value === "string" ? value : ""}
      placeholder={hint}
      onChange={(event) => change(event.target.value || undefined)}
    />
  );
}
