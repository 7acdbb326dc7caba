import { Input } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { z } from "zod";
import {
  createSignInBackend,
  listOrganizations,
  readOrganization,
  type SignInBackend,
  type SignInBackendKind,
  updateSignInBackend,
} from "../../../../src/iam/schema.ts";
import { type Field, type FieldGroup, FormDrawer, FormPage, source } from "../../kit/index.ts";
import { settingChoice, settingHelp, settingLabel } from "../../texts/backend-words.ts";
import { descriptionOf, fieldsOf } from "../settings/fields-of.ts";
import { humanized } from "../settings/words.ts";

const organizations = source({ list: listOrganizations, read: readOrganization, name: ({ name }) => name });
const GENERAL = ["name", "active", "createsUsers", "orgId"];
const PEM_ROWS = 4;

type Values = Readonly<Record<string, unknown>>;

/** The form of a kind: what every backend has, and the settings as the server's JSON schema draws them. */
function useFields(kind: SignInBackendKind, backend: SignInBackend | null) {
  const { t } = useTranslation();
  const shape = useMemo(
    () => fieldsOf(kind.schema, ({ least, most }) => t("settings.between", { least, most })),
    [kind.schema, t],
  );
  const listHelp = (name: string): string =>
    `${settingHelp(descriptionOf(kind.schema, name))}. ${t("backends.oneALine")}`;
  const required = new Set((kind.schema as { required?: string[] }).required);
  const settings = Object.entries(shape).map(
    ([name]): Field => ({
      name,
      label: settingLabel(name) ?? humanized(name),
      unmarked: true,
      ...(/certificate/i.test(name) && { rows: PEM_ROWS, mono: true }),
      ...(backend?.secrets[name] === "set" && { placeholder: t("kit.form.secretKept") }),
      ...(required.has(name) && backend?.secrets[name] !== "set" && { required: true }),
      choiceLabel: (value) => settingChoice(value) ?? humanized(value),
      help: settingHelp(descriptionOf(kind.schema, name)),
      ...(isList(kind, name) && { render: (props: LinesProps) => <Lines {...props} />, help: listHelp(name) }),
    }),
  );
  const groups: FieldGroup[] = [
    {
      title: t("backends.general"),
      fields: [
        { name: "name", label: t("terms.name") },
        { name: "active", label: t("terms.active"), help: t("backends.activeHelp") },
        { name: "createsUsers", label: t("backends.createsUsers"), help: t("backends.createsUsersHelp") },
        {
          name: "orgId",
          label: t("backends.organization"),
          help: t("backends.organizationHelp"),
          source: organizations,
          ...(backend?.organization && { named: [backend.organization] }),
        },
      ],
    },
    { title: t("backends.settings"), fields: settings },
  ];
  return { shape, groups };
}

const isList = ({ schema }: SignInBackendKind, name: string): boolean =>
  (schema as { properties?: Record<string, { type?: string }> }).properties?.[name]?.type === "array";

type LinesProps = Parameters<NonNullable<Field["render"]>>[0];

/** A list of texts, one a line: names of a directory hold commas and spaces. */
function Lines({ id, value, change, leave }: LinesProps) {
  const lines = Array.isArray(value) ? (value as readonly string[]) : [];
  return (
    <Input.TextArea
      id={id}
      className="mono"
      autoSize={{ minRows: 1, maxRows: 6 }}
      spellCheck={false}
      value={lines.join("\n")}
      onChange={(event) => change(event.target.value === "" ? [] : event.target.value.split("\n"))}
      onBlur={leave}
    />
  );
}

const tidied = (value: unknown): unknown =>
  Array.isArray(value) ? value.filter((line) => typeof line !== "string" || line.trim() !== "") : value;

/** What stands beside the settings, and the settings as one part. */
const pack =
  (...beside: readonly string[]) =>
  (values: Values): Values => {
    const own = [...GENERAL, ...beside];
    const entries = Object.entries(values);
    return {
      ...Object.fromEntries(entries.filter(([name]) => own.includes(name))),
      settings: Object.fromEntries(
        entries
          .filter(([name, value]) => !own.includes(name) && value !== undefined)
          .map(([name, value]) => [name, tidied(value)]),
      ),
    };
  };

export function CreateBackend(props: {
  readonly kind: SignInBackendKind;
  readonly close: () => void;
  readonly done: (backend: SignInBackend) => void;
}) {
  const { t } = useTranslation();
  const { kind } = props;
  const { shape, groups } = useFields(kind, null);
  const endpoint = useMemo(() => {
    const { name, active, createsUsers, orgId } = createSignInBackend.input.shape;
    const input = z.object({ name, active, createsUsers, orgId, ...shape });
    return { ...createSignInBackend, input: input as unknown as typeof createSignInBackend.input };
  }, [shape]);
  const properties = (kind.schema as { properties?: Record<string, { default?: unknown }> }).properties ?? {};
  return (
    <FormDrawer
      title={t("backends.addKind", { kind: kind.title })}
      verb={t("backends.add")}
      endpoint={endpoint}
      initial={Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, field.default]))}
      fixed={{ kind: kind.kind }}
      groups={groups}
      pack={pack("kind")}
      done={props.done}
      close={props.close}
    />
  );
}

export function BackendSettings({ kind, backend }: { kind: SignInBackendKind; backend: SignInBackend }) {
  const { t } = useTranslation();
  const { shape, groups } = useFields(kind, backend);
  const endpoint = useMemo(() => {
    const { name, active, createsUsers, orgId } = updateSignInBackend.input.shape;
    const input = z.object({ name, active, createsUsers, orgId, ...shape });
    return { ...updateSignInBackend, input: input as unknown as typeof updateSignInBackend.input };
  }, [shape]);
  return (
    <FormPage
      key={`${backend.id} ${backend.version}`}
      inside
      title={t("backends.settings")}
      endpoint={endpoint}
      before={valuesOf(backend)}
      fixed={{ id: backend.id, version: backend.version }}
      fromRow={(row) => valuesOf(row as unknown as SignInBackend)}
      groups={groups}
      pack={pack("id", "version")}
      done={() => undefined}
    />
  );
}

const valuesOf = ({ name, active, createsUsers, organization, settings }: SignInBackend): Record<string, unknown> => ({
  ...settings,
  name,
  active,
  createsUsers,
  orgId: organization?.id ?? null,
});
