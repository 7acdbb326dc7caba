import { Button } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { z } from "zod";
import type { SettingsGroupInfo, SettingsValues } from "../../../../src/platform/schema.ts";
import { type Field, FormPage, Problem } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { descriptionOf, fieldsOf } from "./fields-of.ts";
import type { SettingsEndpoints } from "./endpoints.ts";
import { useWords } from "./words.ts";

interface Props {
  readonly group: SettingsGroupInfo;
  readonly read: SettingsValues;
  readonly update: SettingsEndpoints["update"];
}

const PEM_ROWS = 4;

/** The form of one group, made from the JSON schema that the server gives. Only what was changed is sent. */
export function SettingsForm({ group, read, update }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const may = useMay(update.name);
  const [saved, setSaved] = useState<SettingsValues | null>(null);
  const now = saved && saved.version > read.version ? saved : read;
  const { key } = group;
  const shape = useMemo(
    () => fieldsOf(group.schema, ({ least, most }) => t("settings.between", { least, most })),
    [group.schema, t],
  );
  const endpoint = useMemo(
    () => ({ ...update, input: z.object(shape) as unknown as typeof update.input }),
    [update, shape],
  );
  const fields = Object.entries(shape).map(([name]): Field => {
    const secret = now.secrets[name];
    return {
      name,
      label: words.label(key, name),
      unmarked: true,
      ...(name.endsWith("Certificate") && { rows: PEM_ROWS, mono: true }),
      ...(secret && secret !== "unset" && { placeholder: t("kit.form.secretKept") }),
      choiceLabel: (value) => words.choice(key, name, value),
      help: <FieldHelp group={group} name={name} now={now} update={update} done={setSaved} />,
    };
  });
  return (
    <FormPage
      key={`${key} ${now.version}`}
      inside
      title={words.title(group)}
      endpoint={endpoint}
      before={now.values}
      fixed={{ key, version: now.version }}
      fromRow={(row) => row.values as Record<string, unknown>}
      pack={({ key: _, version, ...values }) => ({ key, version, values })}
      groups={[{ text: words.text(key), fields }]}
      done={setSaved}
      {...(!may && { verb: t("settings.readOnly") })}
    />
  );
}

/** What a field is for, whether it is set here, and the way back to what is inherited. */
function FieldHelp(props: {
  group: SettingsGroupInfo;
  name: string;
  now: SettingsValues;
  update: SettingsEndpoints["update"];
  done: (values: SettingsValues) => void;
}) {
  const { group, name, now, update, done } = props;
  const { t } = useTranslation();
  const words = useWords();
  const may = useMay(update.name);
  const action = useAction(update);
  const secret = now.secrets[name];
  const own = now.own.includes(name);
  const help = words.help(group.key, name, descriptionOf(group.schema, name));
  const reset = () =>
    action.mutate({ key: group.key, version: now.version, values: {}, reset: [name] }, { onSuccess: done });
  const inherited = now.inherited[name];
  const shown =
    typeof inherited === "string" && inherited !== ""
      ? words.choice(group.key, name, inherited)
      : JSON.stringify(inherited);
  return (
    <>
      {help && <span>{help} </span>}
      {secret === "inherited" && <span>{t("settings.secretInherited")}</span>}
      {secret === "unset" && <span>{t("settings.secretUnset")}</span>}
      {own && may && (
        <Button size="small" type="link" className="settings-reset" loading={action.isPending} onClick={reset}>
          {secret
            ? t("settings.removeSecret")
            : inherited === "" || inherited === undefined
              ? t("settings.resetEmpty")
              : t("settings.reset", { value: shown.slice(0, 60) })}
        </Button>
      )}
      <Problem error={action.error} />
    </>
  );
}
