import type { z } from "zod";
import type { SettingsGroup } from "../settings/group.ts";

/** A message, ready to be sent; what it says is the same in both forms. */
export interface Message {
  /** Stays the same when it has to be sent again, so that a repetition is recognisable. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What a channel tried, for whoever sets it up. Holds no secret. */
export interface Check {
  readonly ok: boolean;
  /** What happened, and what to do about it. */
  readonly message: string;
  /** The conversation with the server. */
  readonly transcript: readonly string[];
}

/** A way on which messages reach people. */
export interface Channel<S extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  readonly settings: SettingsGroup<S>;
  isConfigured(settings: z.output<S>): boolean;
  /** Fault `invalid` when this receiver can never be reached this way; any other error may pass. */
  send(settings: z.output<S>, recipient: string, message: Message, signal: AbortSignal): Promise<void>;
  /** Sends a test message; a failure is an answer, not an error. */
  check(settings: z.output<S>, recipient: string, message: Message, signal: AbortSignal): Promise<Check>;
}

/** A channel of any shape, as lists hold it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the settings are read by the channel's own group
export type AnyChannel = Channel<any>;
