/**
 * Packets that are sent come from a pool of reused buffers instead of a new ArrayBuffer each, and padding from a block of
 * random bytes instead of a call per packet. Each 32 KB packet used to count against V8's limit for memory outside the heap and
 * forced a full collection every 25 MB of traffic: a quarter of the relay's time. The transport gives a buffer back by
 * `recycle` when the socket has written it; a buffer that is never given back is simply collected.
 */
const allocations = [
  ["ChaChaPolyCipherBinding", "pktLen + 16/* MAC */"],
  ["AESGCMCipherBinding", "pktLen + 16/* authTag */"],
  ["GenericCipherBinding", "pktLen + this._macLen"],
];

export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/crypto.js",
      find: "const FastBuffer = Buffer[Symbol.species];\n",
      put: `const FastBuffer = Buffer[Symbol.species];
const POOLED = 36 * 1024;
const POOLED_MIN = 4 * 1024;
const POOL_MAX = 256;
const pool = [];
function takePacket(length) {
  if (length < POOLED_MIN || length > POOLED)
    return Buffer.allocUnsafe(length);
  const memory = pool.pop() || new ArrayBuffer(POOLED);
  return new FastBuffer(memory, 0, length);
}
function recycle(packet) {
  const memory = packet.buffer;
  if (memory.byteLength === POOLED && packet.byteOffset === 0
      && pool.length < POOL_MAX) {
    pool.push(memory);
  }
}
const noise = Buffer.allocUnsafeSlow(8192);
let noiseLeft = 0;
function pad(packet, at, length) {
  if (length > noiseLeft) {
    randomFillSync(noise);
    noiseLeft = noise.length;
  }
  noiseLeft -= length;
  for (let i = 0; i < length; ++i)
    packet[at + i] = noise[noiseLeft + i];
}
`,
    },
    {
      file: "lib/protocol/crypto.js",
      find: "  bindingAvailable: !!binding,\n",
      put: "  bindingAvailable: !!binding,\n  recycle,\n",
    },
    ...allocations.map(([, size]) => ({
      file: "lib/protocol/crypto.js",
      find: `    const packet = Buffer.allocUnsafe(${size});

    writeUInt32BE(packet, pktLen - 4, 0);
    packet[4] = padLen;

    randomFillSync(packet, 5 + payloadLen, padLen);
`,
      put: `    const packet = takePacket(${size});

    writeUInt32BE(packet, pktLen - 4, 0);
    packet[4] = padLen;

    pad(packet, 5 + payloadLen, padLen);
`,
    })),
  ],
};
