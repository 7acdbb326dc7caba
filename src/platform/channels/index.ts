import { registry } from "../../core/index.ts";
import type { AnyChannel } from "./channel.ts";
import { mail } from "./mail/mail.ts";

/** All channels; a new one is a line here. */
export const channels = registry<AnyChannel>("channel", [mail]);
