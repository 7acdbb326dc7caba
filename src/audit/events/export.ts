import { createReadStream } from "node:fs";
import { parseExactly } from "./canonical.ts";
import { canonicalEvent, eventRowOf } from "./event-row.ts";
import type { TrailItem } from "./trail.ts";

/*
 * JSON lines: {"format"}; then {"seal":{position,event_id,hash},"event"}, {"checkpoint"} and {"unsealed","queued"} in the order of
 * the trail; at last {"end":{lines}}. Events are in canonical form, so the hashes can be computed from the file.
 */
const FORMAT = "sallyport-audit-1";
const MAX_LINE = 1024 * 1024;

/** The trail as JSON lines, each with its line end. */
export async function* exportLines(items: AsyncIterable<TrailItem>): AsyncGenerator<string> {
  yield `${JSON.stringify({ format: FORMAT })}\n`;
  let lines = 0;
  for await (const item of items) {
    lines += 1;
    yield `${lineOf(item)}\n`;
  }
  yield `${JSON.stringify({ end: { lines } })}\n`;
}

function lineOf(item: TrailItem): string {
  if (item.kind === "checkpoint") return JSON.stringify({ checkpoint: item.row });
  if (item.kind === "unsealed") return `{"unsealed":${canonicalEvent(item.event)},"queued":${item.queued}}`;
  if (item.kind === "damage") return JSON.stringify({ damage: item.what });
  const { event, ...seal } = item.row;
  return `{"seal":${JSON.stringify(seal)},"event":${event ? canonicalEvent(event) : "null"}}`;
}

/** Reads an exported trail back; what cannot be read comes as `damage`. Rejects when the file cannot be opened. */
export async function* readExport(path: string): AsyncGenerator<TrailItem> {
  let number = 0;
  let end: unknown;
  for await (const text of splitLines(path)) {
    number += 1;
    if (end !== undefined) return yield { kind: "damage", what: `line ${number} stands after the end of the export` };
    const line = parseLine(text);
    if (line === null) yield { kind: "damage", what: `line ${number} cannot be read` };
    else if (number === 1) {
      if (line.format !== FORMAT)
        return yield { kind: "damage", what: `the file is not an export of the form ${FORMAT}` };
    } else if (line.end !== undefined) end = line.end;
    else yield itemOf(line) ?? { kind: "damage", what: `line ${number} cannot be read` };
  }
  const lines = typeof end === "object" && end !== null && "lines" in end ? end.lines : undefined;
  if (lines !== number - 2) yield { kind: "damage", what: "the export is not complete: lines are missing" };
}

type Line = Record<string, unknown>;

function parseLine(text: string): Line | null {
  try {
    const line = parseExactly(text);
    return typeof line === "object" && line !== null && !Array.isArray(line) ? (line as Line) : null;
  } catch {
    return null;
  }
}

function itemOf(line: Line): TrailItem | null {
  if (line.seal !== undefined) return sealOf(line);
  if (line.checkpoint !== undefined) {
    const found = textsOf(line.checkpoint, ["position", "hash", "at", "keyId", "signature"]);
    return found && { kind: "checkpoint", row: found };
  }
  const event = eventRowOf(line.unsealed);
  return event && { kind: "unsealed", event, queued: line.queued === true };
}

function sealOf(line: Line): TrailItem | null {
  const seal = textsOf(line.seal, ["position", "event_id", "hash"]);
  const event = line.event === null ? null : eventRowOf(line.event);
  if (!seal || (event === null && line.event !== null)) return null;
  return { kind: "seal", row: { ...seal, event } };
}

function textsOf<K extends string>(value: unknown, keys: readonly K[]): Record<K, string> | null {
  if (typeof value !== "object" || value === null) return null;
  const found = value as Record<string, unknown>;
  return keys.every((key) => typeof found[key] === "string") ? (found as Record<K, string>) : null;
}

async function* splitLines(path: string): AsyncGenerator<string> {
  let held = "";
  for await (const part of createReadStream(path, { encoding: "utf8", highWaterMark: 256 * 1024 })) {
    const lines = (held + part).split("\n");
    held = lines.pop()!;
    yield* lines;
    if (held.length > MAX_LINE) return yield "";
  }
  if (held !== "") yield held;
}
