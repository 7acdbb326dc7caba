import { createOrigin, isWithinTimes, nextTimesChange, type WeeklyTimes } from "../../../core/index.ts";
import { ConnectSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** Keeps the last answer: a round asks about all connections at one moment. */
function remembered<T>(answer: (now: number) => T): (now: number) => T {
  let last: { readonly now: number; readonly is: T } | null = null;
  return (now) => {
    if (last?.now !== now) last = { now, is: answer(now) };
    return last.is;
  };
}

const clockOf = (times: WeeklyTimes) => ({
  holds: remembered((now) => isWithinTimes(times, now)),
  nextChange: remembered((now) => nextTimesChange(times, now)),
});

/** Connecting to an asset: from where and when. */
export const connect = accessRuleKind({
  kind: "connect",
  title: "Connecting to assets",
  actions: ["reject", "accept", "review", "warn", "notify"],
  settings: ConnectSettings,
  connecting: {
    prepare({ addresses, times }) {
      const comesFrom = createOrigin(addresses);
      const clock = times && clockOf(times);
      return {
        applies: ({ address, now }) => comesFrom(address) && (clock === null || clock.holds(now)),
        nextChange: ({ address, now }) => (clock !== null && comesFrom(address) ? clock.nextChange(now) : null),
      };
    },
  },
});
