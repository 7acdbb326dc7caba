import { ConnectMethodSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** With what one connects. */
export const connectMethod = accessRuleKind({
  kind: "connect-method",
  title: "Ways to connect",
  actions: ["reject", "accept"],
  settings: ConnectMethodSettings,
  connecting: {
    applies: ({ methods }, { method }) => methods.some((one) => one === method),
  },
});
