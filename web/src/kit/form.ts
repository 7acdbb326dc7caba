import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { ApiFault, type Input, type Output } from "../api.ts";
import { useAction } from "../query.ts";
import { differences, fieldShape, fieldsOf, problemOf, problemsOf, SECRET, same, toSend } from "./field-kind.ts";

type Values = Record<string, unknown>;

export interface FormOptions<E extends Endpoint> {
  readonly endpoint: E;
  /** The row that is changed, as it was read; null when something new is made. */
  readonly before?: Readonly<Values> | null;
  /** Values to begin with, beside the schema's defaults. */
  readonly initial?: Readonly<Values> | undefined;
  /** Sent along and not shown: ids, version. */
  readonly fixed?: Partial<Input<E>> | undefined;
  /** Turns the row that the server holds into values of the form, where their shapes differ: for conflicts. */
  readonly fromRow?: ((row: Readonly<Values>) => Values) | undefined;
  /** Turns what was typed into the input, where the form's shape differs. */
  readonly shape?: ((values: Values) => Values) | undefined;
  /** Turns what is sent, once it is checked, into what the endpoint takes, where that is nested. */
  readonly pack?: ((sent: Values) => Values) | undefined;
  /** Instead of calling the endpoint: for a form that only says what is to be done. */
  readonly send?: ((input: Input<E>) => Promise<Output<E>>) | undefined;
  readonly done: (output: Output<E>) => void;
}

export interface Conflict {
  readonly current: Readonly<Values>;
  readonly fields: readonly string[];
}

/** What was typed, and what it was based on: a change by somebody else meanwhile must end in a conflict. */
interface Draft {
  readonly values: Values;
  readonly before: Readonly<Values> | null;
  readonly fixed: Readonly<Values> | undefined;
}

/** Kept until the page is reloaded; never in the browser's storage, and never a secret. */
const drafts = new Map<string, Draft>();

const withoutSecrets = (endpoint: Endpoint, values: Values, start: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const field = fieldsOf(endpoint.input)[name];
      const hidden = SECRET.test(name) || (field && fieldShape(name, field).kind === "secret");
      return [name, hidden ? start[name] : value];
    }),
  );

const initialOf = (endpoint: Endpoint, given: Readonly<Values>): Values =>
  Object.fromEntries(
    Object.entries(fieldsOf(endpoint.input)).map(([name, field]) => [
      name,
      given[name] ?? fieldShape(name, field).initial,
    ]),
  );

const keyOf = (endpoint: Endpoint, fixed: unknown, initial: unknown): string =>
  `${endpoint.name} ${JSON.stringify({ ...(fixed as Values | undefined), version: undefined })} ${JSON.stringify(initial ?? null)}`;

const baseOf = <E extends Endpoint>({ before = null, fixed }: FormOptions<E>): Omit<Draft, "values"> => ({
  before,
  fixed,
});

/** The state of a form over an endpoint's input: values, problems where they belong, what is sent, conflicts. */
export function useForm<E extends Endpoint>(options: FormOptions<E>) {
  const { endpoint, initial, shape, pack, send, fromRow, done } = options;
  const action = useAction(endpoint);
  const key = keyOf(endpoint, options.fixed, initial);
  const kept = useRef(drafts.get(key));
  const [{ before, fixed }, setBase] = useState(() => kept.current ?? baseOf(options));
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- what the form began with stays, whatever the page reads meanwhile
  const start = useMemo(() => initialOf(endpoint, { ...initial, ...before }), [endpoint, before]);
  const [values, setValues] = useState<Values>(() => kept.current?.values ?? start);
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const version = useRef<unknown>(null);
  const newest = useRef(options);
  newest.current = options;
  const dirty = !same(values, start);
  useEffect(() => {
    if (dirty) drafts.set(key, { values: withoutSecrets(endpoint, values, start), before, fixed });
    else drafts.delete(key);
  }, [endpoint, key, dirty, values, start, before, fixed]);

  const set = useCallback((name: string, value: unknown) => {
    setValues((now) => ({ ...now, [name]: value }));
    setProblems((now) =>
      Object.fromEntries(Object.entries(now).filter(([path]) => path !== name && !path.startsWith(`${name}.`))),
    );
  }, []);
  const leave = useCallback(
    (name: string) => {
      const field = fieldsOf(endpoint.input)[name];
      if (!field) return;
      const problem = problemOf(field, values[name]);
      if (problem) setProblems((now) => ({ ...now, [name]: problem }));
    },
    [endpoint, values],
  );
  const reset = useCallback(() => {
    drafts.delete(key);
    kept.current = undefined;
    const base = baseOf(newest.current);
    setBase(base);
    setValues(initialOf(endpoint, { ...newest.current.initial, ...base.before }));
    setProblems({});
    setConflict(null);
    version.current = null;
  }, [key, endpoint]);

  const submit = async (again = true): Promise<boolean> => {
    const shaped = shape ? shape(values) : values;
    const sent = {
      ...toSend(endpoint.input, shaped, before),
      ...fixed,
      ...(version.current !== null && { version: version.current }),
    };
    const found = problemsOf(endpoint.input, sent);
    setProblems(found);
    if (Object.keys(found).length > 0) return false;
    try {
      const input = (pack ? pack(sent) : sent) as Input<E>;
      const output = await (send ? send(input) : action.mutateAsync(input));
      drafts.delete(key);
      done(output);
      return true;
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      if (error.problems.length > 0)
        setProblems(Object.fromEntries(error.problems.map(({ path, message }) => [path, message])));
      const { current } = error.details;
      if (error.code === "conflict" && typeof current === "object" && current !== null) {
        const theirs = current as Values;
        version.current = theirs.version ?? null;
        const shown = fromRow ? { ...theirs, ...fromRow(theirs) } : theirs;
        // Where only one side changed a field there is nothing to choose.
        const fields = differences(sent, shown).filter((name) => !before || !same(shown[name], before[name]));
        if (fields.length === 0 && again) return submit(false);
        setConflict({ current: shown, fields });
      }
      return false;
    }
  };
  return {
    values,
    problems,
    conflict,
    dirty,
    updates: before !== null,
    kept: kept.current !== undefined && dirty,
    busy: action.isPending,
    error: action.error,
    set,
    leave,
    submit,
    reset,
  };
}

export type Form = ReturnType<typeof useForm>;
