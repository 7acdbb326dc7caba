import { CONNECT_METHODS, ConnectMethodSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** With what one connects. */
export const connectMethod = accessRuleKind({
  kind: "connect-method",
  title: "Ways to connect",
  actions: ["reject", "accept"],
  settings: ConnectMethodSettings,
  connecting: {
    isUnknown: ({ method }) => !CONNECT_METHODS.some((known) => known === method),
    prepare: ({ methods }) => ({ applies: ({ method }) => methods.some((one) => one === method) }),
  },
});
