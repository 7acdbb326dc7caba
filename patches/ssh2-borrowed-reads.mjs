/**
 * The transport reads into one buffer again and again: nothing of a chunk may be kept when `parse` returns. A packet that is
 * not in its chunk whole and with its MAC is put together in a buffer of its connection. Every message is copied except
 * channel data, which its handler must be done with, or copy, before it returns.
 */
const BODY = (test, room) => `        if (${test}) {
          this._packet = encrypted;
        } else {
          if (!this._packet)
            this._packet = ${room};
          this._packet.set(encrypted, this._pktLen);
        }
        p += nb;
        this._pktLen += nb;
        if (this._pktLen < this._len || p >= dataLen)
          return;
      }

`;

/** Up to the call that only the ciphers of the native part make. */
const MAC = (name, length, comment) => `      // Read ${comment}
          this._${name}.set(
            new Uint8Array(data.buffer, data.byteOffset + p, nb),
            this._${name}Pos
          );
        } else {
          this._${name}.set(data, this._${name}Pos);
        }
        p += nb;
        this._${name}Pos += nb;
        if (this._${name}Pos < ${length})
          return;
      }

`;

const ciphers = [
  {
    length: "16",
    rest:
      MAC(
        "mac",
        "16",
        `Poly1305 MAC
      {
        const nb = Math.min(16 - this._macPos, dataLen - p);
        // TODO: avoid copying if entire MAC is in current chunk
        if (p !== 0 || nb !== dataLen) {`,
      ) + "      this._instance.decrypt(",
  },
  {
    length: "16",
    rest:
      MAC(
        "tag",
        "16",
        `authentication tag
      {
        const nb = Math.min(16 - this._tagPos, dataLen - p);
        if (p !== 0 || nb !== dataLen) {`,
      ) + "      this._instance.decrypt(",
  },
  {
    length: "this._macActualLen",
    rest:
      MAC(
        "mac",
        "this._macActualLen",
        `MAC
      {
        const nb = Math.min(this._macActualLen - this._macPos, dataLen - p);
        if (p !== 0 || nb !== dataLen) {`,
      ) + "      // Decrypt and verify MAC\n      this._instance.decrypt(",
  },
];

export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/crypto.js",
      find: "class NullDecipher {\n",
      put: `function assemble(decipher, length) {
  if (length < POOLED_MIN)
    return Buffer.allocUnsafe(length);
  decipher._assembly ??= new ArrayBuffer(POOLED);
  return new FastBuffer(decipher._assembly, 0, length);
}

class NullDecipher {
`,
    },
    ...ciphers.map(({ length, rest }) => ({
      file: "lib/protocol/crypto.js",
      find: BODY("nb === this._len", "Buffer.allocUnsafe(this._len)") + rest,
      put: BODY(`nb === this._len && dataLen - p - nb >= ${length}`, "assemble(this, this._len)") + rest,
    })),
    {
      file: "lib/protocol/zlib.js",
      find: "  read(data) {\n    return data;\n",
      put: `  read(data) {
    const isChannelData = data[0] === 94 || data[0] === 95;
    return isChannelData ? data : Buffer.from(data);
`,
    },
  ],
};
