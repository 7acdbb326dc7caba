import type { KeyObject } from "node:crypto";
import type { AnyAction, Runtime } from "../core/index.ts";
import { isSpooled, type Store } from "../audit/index.ts";
import type { Db, Sealer } from "../db/index.ts";
import { startHousekeeping } from "./live/housekeeping.ts";
import { sessionActions } from "./live/session.ts";
import { playbackActions } from "./playback/playback.ts";
import { recordingStored, type StoredRecording } from "./recorder/recording-seal.ts";

export { createGateway, type Gateway } from "./gateways/gateway.ts";

/** Sessions as the console sees them: lists, control, replay. The gateways hold the live ones. */
export function createSessions(deps: {
  runtime: Runtime<Db>;
  store: Store;
  /** Where the gateways of this machine leave recordings first. */
  spoolDirectory: string;
  publicKey: KeyObject;
  sealer: Sealer;
}) {
  const { runtime, store, spoolDirectory, publicKey, sealer } = deps;
  return {
    actions: [...sessionActions(), ...playbackActions({ store, publicKey, sealer })] as AnyAction<Db>[],
    /** Ends the rows of sessions whose gateway died, every two seconds until the signal. */
    startHousekeeping: (signal: AbortSignal, failed: (error: unknown) => void): void =>
      startHousekeeping({ runtime, isSpooled: (id) => isSpooled(spoolDirectory, id), signal, failed }),
    /** Writes down, once, that a recording is in the store; to be called by the recordings' sealer. May be repeated. */
    recordingStored: (recording: StoredRecording): Promise<void> => recordingStored(runtime, recording),
  };
}
