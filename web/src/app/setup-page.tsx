import { Button, Input } from "antd";
import { type ReactNode, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { completeSetup, readMe, readSetup } from "../../../src/iam/schema.ts";
import { ApiFault, call } from "../api.ts";
import { useTitle } from "../kit/settings.ts";
import { Empty, Problem } from "../kit/states.tsx";
import { fieldsOf, problemOf } from "../kit/field-kind.ts";
import { queries, useEndpoint } from "../query.ts";
import { problemText } from "../texts/problems.ts";
import { Alone } from "./sign-in-page.tsx";
import { StrengthHint } from "./strength-hint.tsx";

type Field = "name" | "loginName" | "password" | "repeat";
type Values = Record<Field, string>;
const FIELDS: readonly Field[] = ["name", "loginName", "password", "repeat"];
const AUTO: Readonly<Record<Field, string>> = {
  name: "name",
  loginName: "username",
  password: "new-password",
  repeat: "new-password",
};

/** Makes the first administrator. The token stands behind the #, which a browser never sends; it leaves the address at once. */
export function SetupPage() {
  const { t } = useTranslation();
  const [token] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const setup = useEndpoint(readSetup, {});
  useTitle(t("shell.setup.title"));
  useEffect(() => history.replaceState(history.state, "", location.pathname), []);
  if (setup.data && !setup.data.needed) {
    return (
      <Alone>
        <Empty
          title={t("shell.setup.done")}
          text={t("shell.setup.doneText")}
          action={<a href="/">{t("shell.setup.toSignIn")}</a>}
        />
      </Alone>
    );
  }
  if (!token) {
    return (
      <Alone>
        <Empty title={t("shell.setup.noToken")} text={t("shell.setup.noTokenText")} />
      </Alone>
    );
  }
  return (
    <Alone>
      <h1>{t("shell.setup.title")}</h1>
      <p className="muted">{t("shell.setup.text")}</p>
      <SetupForm token={token} />
    </Alone>
  );
}

function SetupForm({ token }: { token: string }) {
  const { t } = useTranslation();
  const id = useId();
  const [values, setValues] = useState<Values>({ name: "", loginName: "", password: "", repeat: "" });
  const [problems, setProblems] = useState<Partial<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const check = (field: Field): string | null => {
    if (field === "repeat") return values.repeat === values.password ? null : t("shell.setup.mismatch");
    return problemOf(fieldsOf(completeSetup.input)[field]!, values[field]);
  };
  const leave = (field: Field) => {
    const problem = values[field] === "" ? null : check(field);
    setProblems((now) => ({ ...now, [field]: problem ?? undefined }));
  };
  const submit = async () => {
    const found = Object.fromEntries(FIELDS.flatMap((field) => (check(field) ? [[field, check(field)!]] : [])));
    setProblems(found);
    const first = FIELDS.find((field) => found[field]);
    if (first) return document.getElementById(`${id}-${first}`)?.focus();
    setBusy(true);
    setError(null);
    try {
      const { name, loginName, password } = values;
      const me = await call(completeSetup, { token, name, loginName, password });
      queries.setQueryData([readMe.name, {}], me);
      location.assign("/");
    } catch (fault) {
      if (fault instanceof ApiFault && fault.problems.length > 0)
        setProblems(Object.fromEntries(fault.problems.map(({ path, message }) => [path, message])));
      setError(fault);
      setBusy(false);
    }
  };
  const field = (name: Field, label: string, help?: ReactNode) => {
    const problem = problems[name];
    const common = {
      id: `${id}-${name}`,
      size: "large" as const,
      value: values[name],
      autoComplete: AUTO[name],
      "aria-invalid": problem !== undefined,
      "aria-describedby": `${id}-${name}-help`,
      onChange: (event: { target: { value: string } }) => {
        setValues((now) => ({ ...now, [name]: event.target.value }));
        setProblems((now) => ({ ...now, [name]: undefined }));
      },
      onBlur: () => leave(name),
      ...(problem !== undefined && { status: "error" as const }),
    };
    const secret = name === "password" || name === "repeat";
    return (
      <div className="field">
        <label htmlFor={common.id}>{label}</label>
        {secret ? <Input.Password {...common} /> : <Input {...common} autoFocus={name === "name"} spellCheck={false} />}
        <div id={`${id}-${name}-help`}>
          {problem && (
            <div className="field-help bad" role="alert">
              {problemText(problem)}
            </div>
          )}
          {help}
        </div>
      </div>
    );
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {field("name", t("shell.setup.name"))}
      {field("loginName", t("shell.setup.loginName"), <div className="field-help">{t("shell.setup.loginHelp")}</div>)}
      {field(
        "password",
        t("shell.setup.password"),
        <StrengthHint password={values.password} own={[values.name, values.loginName]} />,
      )}
      {field("repeat", t("shell.setup.repeat"))}
      <Problem error={error} />
      <Button type="primary" size="large" htmlType="submit" block loading={busy}>
        {t("shell.setup.submit")}
      </Button>
    </form>
  );
}
