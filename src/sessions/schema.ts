import { z } from "zod";
import { ProtocolKind } from "../assets/schema.ts";
import { endpoint, listInput, listOutput } from "../core/endpoint.ts";
import { Id, Moment, Name, Named, plain } from "../core/fields.ts";

const Text = plain(z.string());

const SessionState = z.enum(["opening", "live", "ended"]);

export const Session = z.object({
  id: Id,
  user: Named,
  asset: Named,
  account: Named,
  protocol: ProtocolKind,
  kind: z.enum(["shell", "exec"]),
  via: Text,
  command: Text.nullable(),
  address: Text.nullable(),
  state: SessionState,
  startedAt: Moment,
  endedAt: Moment.nullable(),
  endReason: Text.nullable(),
  endDetail: Text.nullable(),
  exitCode: z.number().int().nullable(),
  recording: z.object({
    state: z.enum(["none", "recording", "stored", "failed"]),
    /** False: the gateway was cut off before the end; null: not known yet. */
    complete: z.boolean().nullable(),
    bytes: z.number().int().nullable(),
    durationMs: z.number().int().nullable(),
  }),
});
export type Session = z.output<typeof Session>;

const filters = {
  state: z.enum(["live", "ended"]).optional(),
  userId: Id.optional(),
  assetId: Id.optional(),
  from: Moment.optional(),
  to: Moment.optional(),
};

export const listSessions = endpoint({
  route: "GET /sessions",
  name: "session.list",
  title: "List sessions of the organization, live and ended, newest first",
  input: listInput(filters),
  output: listOutput(Session),
});

export const listMySessions = endpoint({
  route: "GET /me/sessions",
  name: "me.session.list",
  title: "List one's own sessions",
  input: listInput(filters),
  output: listOutput(Session),
});

export const readSession = endpoint({
  route: "GET /sessions/:id",
  name: "session.read",
  title: "Read one session",
  input: z.object({ id: Id }),
  output: Session,
});

export const terminateSession = endpoint({
  route: "POST /sessions/:id/terminate",
  name: "session.terminate",
  title: "End a live session at once; the person is told why",
  input: z.object({ id: Id, reason: plain(z.string().trim().max(200)).default("") }),
  output: Session,
});

const Cells = z.coerce.number().int().min(1).max(1000);

/** Frames of the socket: binary = bytes of the terminal, text = TerminalNotice or TerminalRequest in JSON. */
export const openTerminal = endpoint({
  route: "SOCKET /terminal",
  name: "terminal.open",
  title: "Open a terminal on an asset, in the browser",
  input: z.object({
    assetId: Id,
    accountId: Id,
    protocol: ProtocolKind.default("ssh"),
    cols: Cells.default(80),
    rows: Cells.default(24),
  }),
  output: z.object({}),
});

export const resumeTerminal = endpoint({
  route: "SOCKET /terminal/:id",
  name: "terminal.resume",
  title: "Take up one's own live web terminal again, after a reload or a lost connection",
  input: z.object({ id: Id, cols: Cells.default(80), rows: Cells.default(24) }),
  output: z.object({}),
});

export const watchSession = endpoint({
  route: "SOCKET /sessions/:id/watch",
  name: "session.watch",
  title: "Watch a live session",
  input: z.object({ id: Id }),
  output: z.object({}),
});

/** From the browser, as JSON text frames of a terminal socket. */
export const TerminalRequest = z.discriminatedUnion("type", [
  z.object({ type: z.literal("resize"), cols: Cells, rows: Cells }),
  z.object({ type: z.literal("close") }),
  z.object({ type: z.literal("ping") }),
]);
export type TerminalRequest = z.output<typeof TerminalRequest>;

/** To the browser, as JSON text frames. `fault` and `ended` are followed by the end of the socket. */
export const TerminalNotice = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("opened"),
    sessionId: Id,
    asset: Name,
    account: Name,
    recorded: z.boolean(),
    startedAt: Moment,
    until: Moment.nullable(),
  }),
  z.object({ type: z.literal("size"), cols: Cells, rows: Cells }),
  z.object({ type: z.literal("watchers"), names: z.array(Name) }),
  /** A line for the person, beside the stream; it holds until another comes. */
  z.object({ type: z.literal("notice"), text: Text }),
  z.object({ type: z.literal("pong") }),
  z.object({ type: z.literal("fault"), code: Text, message: Text }),
  z.object({ type: z.literal("ended"), reason: Text, detail: Text.nullable(), exitCode: z.number().int().nullable() }),
]);
export type TerminalNotice = z.output<typeof TerminalNotice>;

export const Playback = z.object({
  sessionId: Id,
  title: Text,
  cols: Cells,
  rows: Cells,
  startedAt: Moment,
  durationMs: z.number().int(),
  complete: z.boolean(),
  /** Output bytes in each of `heat.length` equal parts of the duration. */
  heat: z.array(z.number().int()),
});
export type Playback = z.output<typeof Playback>;

export const openRecording = endpoint({
  route: "POST /sessions/:id/recording",
  name: "recording.open",
  title: "Open a recording for replay; that one looked at it is written down",
  input: z.object({ id: Id }),
  output: Playback,
});

/** [milliseconds since start, "o" output | "r" resize "COLSxROWS" | "m" marker | "x" exit, text; output as base64] */
export const PlaybackChunk = z.tuple([z.number(), z.enum(["o", "r", "m", "x"]), Text]);
export type PlaybackChunk = z.output<typeof PlaybackChunk>;

export const readRecording = endpoint({
  route: "GET /sessions/:id/recording",
  name: "recording.read",
  title: "Read a stretch of a recording: whole chunks from number `from` on, about maxBytes long",
  input: z.object({
    id: Id,
    from: z.coerce.number().int().min(0).default(0),
    maxBytes: z.coerce.number().int().min(1024).max(4_194_304).default(1_048_576),
  }),
  output: z.object({ chunks: z.array(PlaybackChunk), next: z.number().int().nullable() }),
});

export const exportRecording = endpoint({
  route: "POST /sessions/:id/recording/export",
  name: "recording.export",
  title: "Download a recording as asciicast v2",
  input: z.object({ id: Id }),
  output: z.object({}),
});
