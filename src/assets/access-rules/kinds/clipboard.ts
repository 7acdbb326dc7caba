import { ClipboardSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** What may be copied and pasted, and how much; for the sessions that show desktops. */
export const clipboard = accessRuleKind({
  kind: "clipboard",
  title: "Clipboard",
  actions: ["reject", "accept"],
  settings: ClipboardSettings,
});
