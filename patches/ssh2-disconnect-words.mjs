/** A DISCONNECT may carry words for the person at the client (RFC 4253 section 11.1); ssh2 always sent an empty text. */
export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/Protocol.js",
      find: "  disconnect(reason) {\n    const pktLen = 1 + 4 + 4 + 4;\n",
      put: "  disconnect(reason, words) {\n    const text = Buffer.from(words || '');\n    const pktLen = 1 + 4 + 4 + text.length + 4;\n",
    },
    {
      file: "lib/protocol/Protocol.js",
      find: "    packet.fill(0, p += 4, end);\n\n    this._debug && this._debug(`Outbound: Sending DISCONNECT (${reason})`);\n",
      put: "    packet.fill(0, p += 4, end);\n    writeUInt32BE(packet, text.length, p);\n    packet.set(text, p + 4);\n\n    this._debug && this._debug(`Outbound: Sending DISCONNECT (${reason})`);\n",
    },
  ],
};
