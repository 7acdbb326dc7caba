import { Checkbox, Input } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { listPermissions, type Permission } from "../../../../src/iam/schema.ts";
import { Problem } from "../../kit/states.tsx";
import { useMe } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { byDomain } from "./role-domains.ts";

interface PermissionFieldProps {
  readonly id: string;
  readonly value: readonly string[];
  readonly scope: "system" | "organization";
  readonly change: (value: readonly string[]) => void;
  readonly leave: () => void;
}

/** Which permissions a role holds: by domain and thing, one box a verb; what one lacks oneself cannot be given. */
export function PermissionField({ id, value, scope, change, leave }: PermissionFieldProps) {
  const { t } = useTranslation();
  const me = useMe();
  const [search, setSearch] = useState("");
  const read = useEndpoint(listPermissions, {});
  const known = useMemo(
    () => (read.data?.items ?? []).filter((one) => scope === "system" || one.scope === "organization"),
    [read.data, scope],
  );
  const wanted = search.trim().toLowerCase();
  const shown = wanted
    ? known.filter(({ name, title }) => name.includes(wanted) || title.toLowerCase().includes(wanted))
    : known;
  const may = (name: string): boolean => me?.permissions.includes(name) ?? false;
  const toggle = (names: readonly string[], on: boolean): void => {
    const given = names.filter(may);
    const rest = value.filter((name) => !given.includes(name));
    change(on ? [...rest, ...given].sort() : rest);
  };
  if (read.isError) return <Problem error={read.error} />;
  return (
    <div className="permissions" onBlur={leave}>
      <Input
        id={id}
        allowClear
        value={search}
        placeholder={t("identity.roles.find")}
        onChange={(event) => setSearch(event.target.value)}
      />
      {byDomain(shown.map(({ name }) => name)).map(({ domain, held }) => (
        <fieldset key={domain} className="permission-domain">
          <legend className="section-title">{t(`identity.roles.domains.${domain}`)}</legend>
          {held.map(({ thing, reads, writes }) => {
            const names = [...reads, ...writes].map((verb) => (thing === verb ? thing : `${thing}.${verb}`));
            return (
              <ThingLine
                key={thing}
                thing={thing}
                permissions={names.map((name) => known.find((one) => one.name === name) ?? bare(name))}
                value={value}
                may={may}
                toggle={toggle}
              />
            );
          })}
        </fieldset>
      ))}
      {wanted !== "" && shown.length === 0 && <p className="muted">{t("identity.roles.nothingFound")}</p>}
    </div>
  );
}

const bare = (name: string): Permission => ({ name, title: name, scope: "organization", reads: false });

function ThingLine({
  thing,
  permissions,
  value,
  may,
  toggle,
}: {
  thing: string;
  permissions: readonly Permission[];
  value: readonly string[];
  may: (name: string) => boolean;
  toggle: (names: readonly string[], on: boolean) => void;
}) {
  const { t } = useTranslation();
  const names = permissions.map(({ name }) => name);
  const held = names.filter((name) => value.includes(name)).length;
  return (
    <div className="permission-thing">
      <Checkbox
        checked={held === names.length}
        indeterminate={held > 0 && held < names.length}
        disabled={!names.some(may)}
        onChange={(event) => toggle(names, event.target.checked)}
      >
        <span className="mono">{thing}</span>
      </Checkbox>
      <div className="permission-verbs">
        {permissions.map(({ name, title }) => (
          <Checkbox
            key={name}
            checked={value.includes(name)}
            disabled={!may(name)}
            title={may(name) ? title : `${title} · ${t("identity.roles.lacking")}`}
            onChange={(event) => toggle([name], event.target.checked)}
          >
            {name.slice(name.lastIndexOf(".") + 1)}
          </Checkbox>
        ))}
      </div>
    </div>
  );
}
