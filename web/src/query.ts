import {
  keepPreviousData,
  QueryClient,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo } from "react";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { ApiFault, call, type Input, type Output } from "./api.ts";

/** The cache of everything read from the server. A read is tried again only when no answer came. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      networkMode: "always",
      retry: (times, error) => times < 2 && error instanceof ApiFault && error.code === "offline",
      retryDelay: (times) => 500 * 2 ** times,
    },
    mutations: { networkMode: "always" },
  },
});

interface ReadOptions {
  /** Read again every so many milliseconds. */
  readonly refetch?: number;
  readonly enabled?: boolean;
}

const keyOf = (endpoint: Endpoint, input: unknown) => [endpoint.name, input] as const;

/** Reads one thing; the answer before stays while the next one loads. */
export function useEndpoint<E extends Endpoint>(
  endpoint: E,
  input: Input<E>,
  options: ReadOptions = {},
): UseQueryResult<Output<E>, ApiFault> {
  return useQuery<Output<E>, ApiFault>({
    queryKey: keyOf(endpoint, input),
    queryFn: ({ signal }) => call(endpoint, input, signal),
    enabled: options.enabled ?? true,
    ...(options.refetch && { refetchInterval: options.refetch }),
    placeholderData: keepPreviousData,
  });
}

/** One page of a list, as every list endpoint answers. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly total?: number | undefined;
}

/** An endpoint that answers in pages. */
export type ListEndpoint = Endpoint & { readonly output: { readonly _zod: { readonly output: Page<unknown> } } };
/** The rows of a list endpoint. */
export type Row<E extends ListEndpoint> = Output<E> extends Page<infer T> ? T : never;

/** Reads a list page by page. `rows` holds all pages so far; `total` is null where the server does not count. */
export function useEndless<E extends ListEndpoint>(
  endpoint: E,
  input: Input<E>,
  options: ReadOptions & { limit?: number } = {},
) {
  const limit = options.limit ?? 100;
  const query = useInfiniteQuery({
    queryKey: keyOf(endpoint, input),
    queryFn: async ({ signal, pageParam }) =>
      (await call(
        endpoint,
        { ...(input as object), limit, ...(pageParam && { cursor: pageParam }) } as Input<E>,
        signal,
      )) as Page<Row<E>>,
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    enabled: options.enabled ?? true,
    ...(options.refetch && { refetchInterval: options.refetch }),
    placeholderData: keepPreviousData,
  });
  const pages = query.data?.pages;
  const rows = useMemo(() => (pages ?? []).flatMap((page) => page.items), [pages]);
  return { ...query, error: query.error as ApiFault | null, rows, total: pages?.[0]?.total ?? null };
}

/** Calls an endpoint that changes something; afterwards everything on the screen is read again. */
export function useAction<E extends Endpoint>(endpoint: E) {
  const client = useQueryClient();
  return useMutation<Output<E>, ApiFault, Input<E>>({
    mutationFn: (input) => call(endpoint, input),
    onSuccess: () => void client.invalidateQueries(),
  });
}
