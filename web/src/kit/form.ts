import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { ApiFault, type Input, type Output } from "../api.ts";
import { useAction } from "../query.ts";
import { differences, fieldShape, fieldsOf, problemOf, problemsOf, same, toSend } from "./field-kind.ts";

type Values = Record<string, unknown>;

export interface FormOptions<E extends Endpoint> {
  readonly endpoint: E;
  /** The row that is changed, as it was read; null when something new is made. */
  readonly before?: Readonly<Values> | null;
  /** Values to begin with, beside the schema's defaults. */
  readonly initial?: Readonly<Values> | undefined;
  /** Sent along and not shown: ids, version. */
  readonly fixed?: Partial<Input<E>> | undefined;
  /** Turns what was typed into the input, where the form's shape differs. */
  readonly shape?: ((values: Values) => Values) | undefined;
  readonly done: (output: Output<E>) => void;
}

export interface Conflict {
  readonly current: Readonly<Values>;
  readonly fields: readonly string[];
}

/** What was typed, kept until the page is reloaded; never in the browser's storage. */
const drafts = new Map<string, Values>();

const initialOf = (endpoint: Endpoint, given: Readonly<Values>): Values =>
  Object.fromEntries(
    Object.entries(fieldsOf(endpoint.input)).map(([name, field]) => [
      name,
      given[name] ?? fieldShape(name, field).initial,
    ]),
  );

/** The state of a form over an endpoint's input: values, problems where they belong, what is sent, conflicts. */
export function useForm<E extends Endpoint>(options: FormOptions<E>) {
  const { endpoint, before = null, initial, fixed, shape, done } = options;
  const action = useAction(endpoint);
  const key = `${endpoint.name} ${JSON.stringify((fixed as Values | undefined)?.id ?? "")}`;
  const start = useMemo(() => initialOf(endpoint, { ...initial, ...before }), [endpoint, before, initial]);
  const kept = useRef(drafts.get(key));
  const [values, setValues] = useState<Values>(() => kept.current ?? start);
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const version = useRef<unknown>(null);
  const dirty = !same(values, start);
  useEffect(() => {
    if (dirty) drafts.set(key, values);
    else drafts.delete(key);
  }, [key, dirty, values]);

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
    setValues(start);
    setProblems({});
    setConflict(null);
  }, [key, start]);

  const submit = async (): Promise<boolean> => {
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
      const output = await action.mutateAsync(sent as Input<E>);
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
        setConflict({ current: theirs, fields: differences(sent, theirs) });
      }
      return false;
    }
  };
  return {
    values,
    problems,
    conflict,
    dirty,
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
