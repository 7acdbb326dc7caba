import type { KeyObject } from "node:crypto";
import { type Actor, Fault, notFound } from "../../core/index.ts";
import {
  asciicast,
  loadManifest,
  openPlayback,
  type Playback,
  type Store,
  terminalLines,
  unwrapDataKey,
} from "../../audit/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import { findSession } from "../live/session.store.ts";
import * as schema from "../schema.ts";
import type { PlaybackChunk, Session } from "../schema.ts";

const KEPT = 20;

interface Opened {
  readonly playback: Playback;
  readonly session: Session;
}

/** Replay and export of sealed recordings. `store` holds them, `publicKey` checks their manifests, `sealer` their keys. */
export function playbackActions(deps: { store: Store; publicKey: KeyObject; sealer: Sealer }) {
  const { store, publicKey, sealer } = deps;
  const opened = new Map<string, Promise<Playback>>();

  async function load(id: string): Promise<Playback> {
    const manifest = await loadManifest({ store, id, publicKey });
    return openPlayback({
      store,
      manifest,
      dataKey: await unwrapDataKey(manifest, (key, context) => sealer.open(key, context)),
    });
  }

  function playbackOf(id: string): Promise<Playback> {
    const known = opened.get(id);
    if (known) return known;
    const loading = load(id);
    opened.set(id, loading);
    loading.catch(() => opened.delete(id));
    for (const oldest of [...opened.keys()].slice(0, Math.max(0, opened.size - KEPT))) opened.delete(oldest);
    return loading;
  }

  async function open(db: Db, actor: Actor, id: string): Promise<Opened> {
    const session = await findSession(db, actor.orgId ?? "", id);
    if (!session) throw notFound("session");
    if (session.recording.state === "recording") {
      throw new Fault(
        "conflict",
        "The recording is still being written or stored. Try again a few seconds after the session ended.",
      );
    }
    if (session.recording.state !== "stored") throw notFound("recording");
    return { session, playback: await playbackOf(id) };
  }

  return [
    serve(schema.openRecording, {
      access: "granted",
      async run({ db, actor, about }, { id }) {
        const { session, playback } = await open(db, actor, id);
        const title = `${session.account.name}@${session.asset.name}`;
        about({ kind: "session", id, name: title });
        const { header, state } = playback.manifest;
        return {
          sessionId: id,
          title,
          cols: Math.min(header.width, 1000),
          rows: Math.min(header.height, 1000),
          startedAt: header.startedAt,
          durationMs: Math.round(playback.durationMs),
          complete: state === "complete",
          heat: playback.index.heat,
        };
      },
    }),
    serve(schema.readRecording, {
      access: "granted",
      async run({ db, actor, now }, { id, from, maxBytes }) {
        const { playback } = await open(db, actor, id);
        if (!(await wasOpened(db, actor, id, now))) {
          throw new Fault("denied", "Open the recording first, so that it is written down who looked at it.");
        }
        const { chunks, next } = await playback.page({ sequence: from, maxBytes });
        return {
          chunks: chunks.flatMap((chunk) => toPlaybackChunk(chunk, playback.manifest.header.terminal === false)),
          next,
        };
      },
    }),
    serve(schema.exportRecording, {
      access: "granted",
      async run({ db, actor, about, deliver }, { id }) {
        const { session, playback } = await open(db, actor, id);
        about({ kind: "session", id, name: `${session.account.name}@${session.asset.name}` });
        const lines = asciicast({
          header: playback.manifest.header,
          chunks: playback.read(),
          durationMs: playback.durationMs,
        });
        const fileName = `${session.asset.name.replace(/[^A-Za-z0-9._-]/g, "_")}-${id}.cast`;
        deliver({ kind: "download", fileName, mediaType: "application/x-asciicast", body: encoded(lines) });
        return {};
      },
    }),
  ];
}

const OPEN_HOURS = 24;

/** Whether the audit trail says that the person opened the recording in the last day. */
async function wasOpened(db: Db, actor: Actor, id: string, now: Date): Promise<boolean> {
  const found = await db
    .selectFrom("audit_event")
    .select("id")
    .where("org_id", "=", actor.orgId)
    .where("target_id", "=", id)
    .where("at", ">", new Date(now.getTime() - OPEN_HOURS * 3_600_000))
    .where("action", "=", schema.openRecording.name)
    .where("outcome", "=", "ok")
    .where("actor_id", "=", actor.id)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

type Chunk = Awaited<ReturnType<Playback["page"]>>["chunks"][number];

function toPlaybackChunk({ kind, time, bytes }: Chunk, bare: boolean): PlaybackChunk[] {
  const ms = time / 1000;
  if (kind === "o" || kind === "e") return [[ms, "o", (bare ? terminalLines(bytes) : bytes).toString("base64")]];
  if (kind === "r" || kind === "m" || kind === "x") return [[ms, kind, bytes.toString("utf8")]];
  return [];
}

async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(line);
}
