/**
 * Terminal modes of a pty request (RFC 4254 section 8) were read from the second byte and looked up by name instead of by
 * number: all were lost (a client's own erase character, for one), and a mode with a value above 2^24 ended the connection.
 * Unknown modes are skipped; numbers from 160 on end the list, as the RFC says.
 */
export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/handlers.misc.js",
      find: ".reduce((obj, [key, value]) => ({ ...obj, [key]: value }), {});",
      put: ".reduce((obj, [key, value]) => ({ ...obj, [value]: key }), {});",
    },
    {
      file: "lib/protocol/handlers.misc.js",
      find: "            bufferParser.init(modesBinary, 1);\n",
      put: "            bufferParser.init(modesBinary, 0);\n",
    },
    {
      file: "lib/protocol/handlers.misc.js",
      find: `              if (opcode === TERMINAL_MODE.TTY_OP_END)
                break;
              const name = TERMINAL_MODE_BY_VALUE[opcode];
              const value = bufferParser.readUInt32BE();
              if (opcode === undefined
                  || name === undefined
                  || value === undefined) {
                modes = undefined;
                break;
              }
              modes[name] = value;
`,
      put: `              if (opcode === TERMINAL_MODE.TTY_OP_END || opcode >= 160)
                break;
              const name = TERMINAL_MODE_BY_VALUE[opcode];
              const value = bufferParser.readUInt32BE();
              if (value === undefined) {
                modes = undefined;
                break;
              }
              if (name !== undefined)
                modes[name] = value;
`,
    },
  ],
};
