import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createRecordingWriter,
  loadManifest,
  type Manifest,
  openPlayback,
  unwrapDataKey,
  type VerifyFinding,
  verifyRecording,
} from "./index.ts";
import { collect, header, type Places, places, sealAll, signing, unwrap, wrap } from "./test-support.ts";

let at: Places;
let manifest: Manifest;
let other: Manifest;
let dataKey: Uint8Array;

async function record(texts: number) {
  const writer = await createRecordingWriter({ directory: at.spool, id: randomUUID(), header: header(), wrap });
  for (let n = 0; n < texts; n++) writer.output(0, randomBytes(texts > 2 ? 250_000 : 40));
  await writer.end({ reason: "closed" });
  return (await sealAll(at))[0]!;
}

beforeAll(async () => {
  at = await places();
  manifest = await record(2);
  other = await record(8);
  dataKey = await unwrapDataKey(manifest, unwrap);
});
afterAll(() => at.remove());

const verify = async (key?: Uint8Array, id = manifest.id) =>
  (await verifyRecording({ store: at.store, id, publicKey: signing.publicKey, dataKey: key })).findings;
const file = (id: string, name: string) => join(at.root, "store", "recordings", id.slice(-2), id, name);

async function changed<T>(path: string, change: (bytes: Buffer) => Buffer, look: () => Promise<T>): Promise<T> {
  const bytes = await readFile(path);
  await writeFile(path, change(Buffer.from(bytes)));
  try {
    return await look();
  } finally {
    await writeFile(path, bytes);
  }
}

describe("verification", () => {
  it("finds nothing in what was sealed", async () => {
    expect(await verify()).toEqual([]);
    expect(await verify(dataKey)).toEqual([]);
  });

  it.each([
    ["manifest.json", "manifest"],
    ["index", "index"],
    ["00000000.seg", "segment 0"],
  ])("finds every changed byte of %s and names it", { timeout: 60_000 }, async (name, place) => {
    const path = file(manifest.id, name);
    const bytes = await readFile(path);
    for (let byte = 0; byte < bytes.length; byte++) {
      const findings = await changed(
        path,
        (copy) => ((copy[byte]! ^= 1 << (byte % 8)), copy),
        () => verify(),
      );
      expect(findings[0]?.place, `byte ${byte}`).toBe(place);
      expect(findings[0]!.message).toContain(place);
    }
    for (const size of [0, 1, bytes.length - 1]) {
      expect(
        (
          await changed(
            path,
            (copy) => copy.subarray(0, size),
            () => verify(),
          )
        )[0]?.place,
      ).toBe(place);
    }
    expect(
      (
        await changed(
          path,
          (copy) => Buffer.concat([copy, Buffer.from(" ")]),
          () => verify(),
        )
      )[0]?.place,
    ).toBe(place);
  });

  it("says which segment, and which bytes of the recording", async () => {
    const { number, offset, length } = other.segments[1]!;
    const message = `segment 1, bytes ${offset}-${offset + length}: hash differs`;
    const path = file(other.id, "00000001.seg");
    const flip = (copy: Buffer) => ((copy[100]! ^= 1), copy);
    const look = async (): Promise<VerifyFinding[]> => [...(await verify(undefined, other.id))];
    expect(number).toBe(1);
    expect(await changed(path, flip, look)).toEqual([{ place: "segment 1", message }]);
    const playback = await openPlayback({
      store: at.store,
      manifest: other,
      dataKey: await unwrapDataKey(other, unwrap),
    });
    await changed(path, flip, () =>
      expect(collect(playback.read())).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining("segment 1"),
      }),
    );
  });

  it("finds missing, added and exchanged objects", async () => {
    const path = file(other.id, "00000001.seg");
    await rename(path, `${at.root}/aside`);
    expect((await verify(undefined, other.id))[0]!.message).toMatch(/^segment 1, bytes .*: it is missing$/);
    await rename(`${at.root}/aside`, path);
    await writeFile(file(other.id, "00000099.seg"), "x");
    expect((await verify(undefined, other.id))[0]).toMatchObject({ place: "store" });
    await rm(file(other.id, "00000099.seg"));
    const foreign = await readFile(file(other.id, "manifest.json"));
    const findings = await changed(
      file(manifest.id, "manifest.json"),
      () => foreign,
      () => verify(),
    );
    expect(findings[0]!.message).toContain("another recording");
    expect(await verify(undefined, randomUUID())).toEqual([{ place: "manifest", message: "manifest is missing" }]);
  });

  it("fails with another public key and with another data key", async () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const { findings } = await verifyRecording({ store: at.store, id: manifest.id, publicKey });
    expect(findings).toEqual([{ place: "manifest", message: "manifest signature does not fit" }]);
    await expect(loadManifest({ store: at.store, id: manifest.id, publicKey })).rejects.toMatchObject({
      code: "conflict",
    });
    expect((await verify(randomBytes(32))).map(({ place }) => place)).toEqual(["index", "chain", "segment 0"]);
  });
});
