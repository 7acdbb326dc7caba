import { listSessions, type Session } from "../../../src/sessions/schema.ts";
import { useMay } from "../me.ts";
import { useEndpoint } from "../query.ts";

const MOST = 200;

/**
 * Counts live sessions, for questions that tell how many end. The counter gives undefined where that is not known:
 * without the permission to list sessions, before the answer, or beyond 200.
 */
export function useLive(
  filter: { userId?: string; assetId?: string } = {},
  wanted = true,
): (which: (session: Session) => boolean) => number | undefined {
  const may = useMay("session.list");
  const { data } = useEndpoint(listSessions, { ...filter, state: "live", limit: MOST }, { enabled: may && wanted });
  return (which) => (data && data.next === null && may ? data.items.filter(which).length : undefined);
}
