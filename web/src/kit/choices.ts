import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { call } from "../api.ts";
import type { ListEndpoint, Page, Row } from "../query.ts";

/** Where search-as-you-type finds its rows, and how one row is named. */
export interface Source<E extends ListEndpoint> {
  readonly list: E;
  /** Fixed input beside the search. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Reads one row by `id`, to name one that is chosen already. */
  readonly read?: Endpoint;
  readonly name: (row: Row<E>) => string;
  /** Grey words behind the name. */
  readonly hint?: (row: Row<E>) => string;
  /** What is chosen of a row; its `id` unless said otherwise. */
  readonly id?: (row: Row<E>) => string;
}

/** A source of any rows, as forms and filters hold it. */
export interface AnySource {
  readonly list: Endpoint;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly read?: Endpoint | undefined;
  readonly choose: (row: unknown) => Choice;
}

export interface Choice {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
}

const MOST_NAMES = 5000;
const names = new Map<string, string>();

/** The name of an id that was met while choosing, or that a page made known; null when it was not. */
export const nameOfId = (id: string): string | null => names.get(id) ?? null;

/** Makes names known to forms and filters that show ids. */
export function learnNames(rows: readonly { readonly id: string; readonly name: string }[]): void {
  if (names.size > MOST_NAMES) names.clear();
  for (const { id, name } of rows) names.set(id, name);
}

/** Makes a source, typed by its list endpoint. */
export function source<E extends ListEndpoint>({ list, input, read, name, hint, id }: Source<E>): AnySource {
  const choose = (row: unknown): Choice => ({
    id: id ? id(row as Row<E>) : (row as { id: string }).id,
    name: name(row as Row<E>),
    hint: hint?.(row as Row<E>) ?? "",
  });
  return { list, read, choose, ...(input && { input }) };
}

/** The rows that match what is typed, at most 20, asked for 150 ms after the last key. */
export function useChoices(from: AnySource | undefined, typed: string): { items: readonly Choice[]; busy: boolean } {
  const [search, setSearch] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed), 150);
    return () => clearTimeout(timer);
  }, [typed]);
  const query = useQuery({
    queryKey: [from?.list.name ?? "none", "choices", search, from?.input],
    queryFn: ({ signal }) =>
      call(from!.list, { ...from!.input, limit: 20, ...(search && { search }) }, signal) as Promise<Page<unknown>>,
    enabled: from !== undefined,
    placeholderData: (before) => before,
  });
  const items = useMemo(() => (from && query.data ? query.data.items.map(from.choose) : []), [query.data, from]);
  learnNames(items);
  return { items, busy: query.isFetching };
}

/** The name of a chosen id; null while it is not known or there is no way to ask. */
export function useNameOf(from: AnySource | undefined, id: string): string | null {
  const query = useQuery({
    queryKey: [from?.read?.name ?? "none", { id }],
    queryFn: ({ signal }) => call(from!.read!, { id }, signal),
    enabled: from?.read !== undefined && id !== "",
    staleTime: 60_000,
  });
  return from && query.data ? from.choose(query.data).name : nameOfId(id);
}
