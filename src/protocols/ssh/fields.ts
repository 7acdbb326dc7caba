/** Length (uint32) and bytes: a "string" of RFC 4251 section 5. */
export function string(bytes: Buffer | string): Buffer {
  const body = Buffer.from(bytes as Buffer);
  return Buffer.concat([uint32(body.length), body]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** Reads fields one after the other; throws RangeError beyond the end. */
export function fieldReader(bytes: Buffer) {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw new RangeError("The bytes end too early");
    at += count;
    return bytes.subarray(at - count, at);
  };
  return {
    uint32: (): number => take(4).readUInt32BE(),
    uint64: (): bigint => take(8).readBigUInt64BE(),
    string: (): Buffer => take(take(4).readUInt32BE()),
    /** Everything before what comes next. */
    before: (): Buffer => bytes.subarray(0, at),
    get atEnd(): boolean {
      return at === bytes.length;
    },
  };
}
