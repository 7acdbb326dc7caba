/**
 * The list lacks a comma between "nistp521" and "rsa-sha2-512", so that clients do not see rsa-sha2-512 (RFC 8308 section 3.1).
 * ssh-rsa (SHA-1) and ssh-dss go: the gate accepts neither.
 */
export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/Protocol.js",
      find: "      + 'rsa-sha2-512,rsa-sha2-256,ssh-rsa,ssh-dss';\n",
      put: "      + ',rsa-sha2-512,rsa-sha2-256';\n",
    },
  ],
};
