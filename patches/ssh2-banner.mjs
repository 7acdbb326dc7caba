/** Words for the person at the client during the sign-in (RFC 4252 section 5.4); ssh2 sent them only before it. */
export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/Protocol.js",
      find: "  // 'ssh-connection' service-specific\n  forwardedTcpip(chan, initWindow, maxPacket, cfg) {\n",
      put:
        "  authBanner(words) {\n" +
        "    const text = Buffer.from(words);\n" +
        "    let p = this._packetRW.write.allocStart;\n" +
        "    const packet = this._packetRW.write.alloc(1 + 4 + text.length + 4);\n" +
        "    packet[p] = MESSAGE.USERAUTH_BANNER;\n" +
        "    writeUInt32BE(packet, text.length, ++p);\n" +
        "    packet.set(text, p += 4);\n" +
        "    writeUInt32BE(packet, 0, p += text.length);\n" +
        "    sendPacket(this, this._packetRW.write.finalize(packet));\n" +
        "  }\n" +
        "  // 'ssh-connection' service-specific\n  forwardedTcpip(chan, initWindow, maxPacket, cfg) {\n",
    },
  ],
};
