import type { Fault } from "../../core/index.ts";
import { createRecordingWriter, type RecordingWriter } from "../../audit/index.ts";
import type { Sealer } from "../../db/index.ts";

export interface Recorder {
  /** Starts the recording of a session. Fault `unavailable` when the spool cannot take it. */
  start(session: {
    id: string;
    orgId: string;
    title: string;
    startedAt: Date;
    cols: number;
    rows: number;
    /** False: bytes of a command without a terminal, whose lines end in LF alone. */
    terminal: boolean;
    onFailure: (fault: Fault) => void;
  }): Promise<RecordingWriter>;
}

/** Recordings go to the spool of this machine; each has a data key of its own, wrapped by the master key. */
export const createRecorder = ({ spoolDirectory, sealer }: { spoolDirectory: string; sealer: Sealer }): Recorder => ({
  start: ({ id, orgId, title, startedAt, cols, rows, terminal, onFailure }) =>
    createRecordingWriter({
      directory: spoolDirectory,
      id,
      header: { width: cols, height: rows, startedAt: startedAt.toISOString(), title, sessionId: id, orgId, terminal },
      // What a terminal is told comes back as echo, save what it hides; without one, the input is all there is to see.
      recordInput: !terminal,
      wrap: (key, context) => sealer.seal(key, context),
      onFailure,
    }),
});
