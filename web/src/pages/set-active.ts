import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { ApiFault, call, type Input, type Output } from "../api.ts";

/** What switching on and off needs of a row. */
export interface Switched {
  readonly id: string;
  readonly version: number;
  readonly active: boolean;
}

/**
 * Switches a row on or off. Whatever else somebody changed in it meanwhile stays: after a conflict it tries once more
 * on the version that the server holds. Throws ApiFault.
 */
export async function setActive<E extends Endpoint>(endpoint: E, wanted: Switched): Promise<Output<E>> {
  const send = (version: number) => call(endpoint, { ...wanted, version } as Input<E>);
  try {
    return await send(wanted.version);
  } catch (error) {
    const newer = error instanceof ApiFault && error.code === "conflict" ? versionOf(error.details.current) : null;
    if (newer === null) throw error;
    return await send(newer);
  }
}

function versionOf(current: unknown): number | null {
  const version = typeof current === "object" && current !== null && "version" in current ? current.version : null;
  return typeof version === "number" ? version : null;
}

/** Switches a row on or off; afterwards everything on the screen is read again. */
export function useSetActive<E extends Endpoint>(endpoint: E) {
  const client = useQueryClient();
  return useMutation<Output<E>, ApiFault, Switched>({
    mutationFn: (wanted) => setActive(endpoint, wanted),
    onSuccess: () => void client.invalidateQueries(),
  });
}
