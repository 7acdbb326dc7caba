import { comesFrom, isWithinTimes, nextTimesChange } from "../../../core/index.ts";
import { ConnectSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** Connecting to an asset: from where and when. */
export const connect = accessRuleKind({
  kind: "connect",
  title: "Connecting to assets",
  actions: ["reject", "accept", "review", "warn", "notify"],
  settings: ConnectSettings,
  connecting: {
    applies: ({ addresses, times }, { address, now }) =>
      comesFrom(addresses, address) && (times === null || isWithinTimes(times, now)),
    nextChange: ({ times }, now) => (times === null ? null : nextTimesChange(times, now)),
  },
});
