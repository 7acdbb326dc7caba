/** Sending a break to a target (RFC 4335); network devices ask for it. */
export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/Protocol.js",
      find: "  signal(chan, signal) {\n",
      put: `  break(chan, milliseconds) {
    let p = this._packetRW.write.allocStart;
    const packet = this._packetRW.write.alloc(1 + 4 + 4 + 5 + 1 + 4);
    packet[p] = MESSAGE.CHANNEL_REQUEST;
    writeUInt32BE(packet, chan, ++p);
    writeUInt32BE(packet, 5, p += 4);
    packet.utf8Write('break', p += 4, 5);
    packet[p += 5] = 0;
    writeUInt32BE(packet, milliseconds, ++p);
    sendPacket(this, this._packetRW.write.finalize(packet));
  }
  signal(chan, signal) {
`,
    },
  ],
};
