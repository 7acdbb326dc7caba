import type { AssetDetail } from "../../../../src/assets/schema.ts";

export type HostKey = AssetDetail["hostKeys"][number];

/** The key that is pinned for a host and port, and the one that was offered last when it is another. */
export interface KeyPair {
  readonly host: string;
  readonly port: number;
  readonly pinned: HostKey | null;
  readonly offered: HostKey | null;
  readonly differs: boolean;
}

/** The host keys of an asset by host and port: for each protocol, and for ports it had before. */
export function keyPairs({
  host,
  protocols,
  hostKeys,
}: Pick<AssetDetail, "host" | "protocols" | "hostKeys">): KeyPair[] {
  const places = new Map<string, { host: string; port: number }>();
  for (const { port } of protocols) places.set(`${host} ${port}`, { host, port });
  for (const key of hostKeys) places.set(`${key.host} ${key.port}`, { host: key.host, port: key.port });
  return [...places.values()].map((place) => {
    const of = (state: HostKey["state"]) =>
      hostKeys.find((key) => key.state === state && key.host === place.host && key.port === place.port) ?? null;
    const [pinned, offered] = [of("pinned"), of("offered")];
    return { ...place, pinned, offered, differs: offered !== null && offered.fingerprint !== pinned?.fingerprint };
  });
}

const LEAST = 8;

/**
 * Whether the fingerprint that a person read on the target is the offered one: the whole of it, with or without
 * `SHA256:`, or at least its last 8 characters. Upper and lower case count.
 */
export function compareFingerprint(typed: string, offered: string): "short" | "same" | "other" {
  const bare = (text: string) =>
    text
      .replaceAll(/\s/g, "")
      .replace(/^SHA256:/i, "")
      .replace(/=+$/, "");
  const [mine, theirs] = [bare(typed), bare(offered)];
  if (mine.length < LEAST) return "short";
  return mine === theirs || theirs.endsWith(mine) ? "same" : "other";
}
