/**
 * Key exchange mlkem768x25519-sha256, client and server (draft-ietf-sshm-mlkem-hybrid-kex): the client sends its ML-KEM-768
 * encapsulation key and its X25519 key, the server the ciphertext and its X25519 key; K = SHA-256(K_PQ || K_CL), as a string.
 * OpenSSH prefers it since 10.0 and warns of servers without it since 10.1. Needs Node's crypto.encapsulate (24.7).
 */
export const patch = {
  package: "ssh2",
  version: "1.17.0",
  changes: [
    {
      file: "lib/protocol/kex.js",
      find: "  class ECDHExchange extends KeyExchange {\n",
      put: `  // DER of a SubjectPublicKeyInfo up to the raw key
  const MLKEM768_HEADER = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex');
  const X25519_HEADER = Buffer.from('302a300506032b656e032100', 'hex');
  const MLKEM768_KEY = 1184;
  const MLKEM768_CIPHERTEXT = 1088;
  const rawKey = (key, length) =>
    key.export({ type: 'spki', format: 'der' }).subarray(-length);
  const keyFromRaw = (header, raw) => createPublicKey({
    key: Buffer.concat([header, raw]), type: 'spki', format: 'der',
  });

  class HybridMLKEMExchange extends KeyExchange {
    constructor(...args) {
      super(...args);
      this.type = 'mlkem768x25519';
      this.hashName = 'sha256';
      this._classic = null;
      this._quantum = null;
      this._reply = null;
    }
    generateKeys() {
      if (this._classic)
        return;
      this._classic = generateKeyPairSync('x25519');
      if (!this._protocol._server)
        this._quantum = generateKeyPairSync('ml-kem-768');
    }
    getPublicKey() {
      this.generateKeys();
      const first = (this._protocol._server
                     ? this._reply
                     : rawKey(this._quantum.publicKey, MLKEM768_KEY));
      return Buffer.concat([first, rawKey(this._classic.publicKey, 32)]);
    }
    convertPublicKey(key) {
      return key;
    }
    computeSecret(other) {
      this.generateKeys();
      try {
        const server = this._protocol._server;
        const split = (server ? MLKEM768_KEY : MLKEM768_CIPHERTEXT);
        if (other.length !== split + 32)
          throw new Error('wrong length of the other side\\'s key');
        let quantum;
        if (server) {
          const sealed = encapsulate(
            keyFromRaw(MLKEM768_HEADER, other.subarray(0, split))
          );
          this._reply = sealed.ciphertext;
          quantum = sealed.sharedKey;
        } else {
          quantum = decapsulate(this._quantum.privateKey,
                                other.subarray(0, split));
        }
        const classic = diffieHellman({
          privateKey: this._classic.privateKey,
          publicKey: keyFromRaw(X25519_HEADER, other.subarray(split)),
        });
        return createHash('sha256').update(quantum).update(classic).digest();
      } catch (ex) {
        return ex;
      }
    }
  }

  class ECDHExchange extends KeyExchange {
`,
    },
    {
      file: "lib/protocol/kex.js",
      find: "        case 'ecdh-sha2-nistp256':\n",
      put: `        case 'mlkem768x25519-sha256':
          return new HybridMLKEMExchange(...args);

        case 'ecdh-sha2-nistp256':
`,
    },
    {
      file: "lib/protocol/kex.js",
      find: "  createPublicKey,\n  diffieHellman,\n",
      put: "  createPublicKey,\n  decapsulate,\n  diffieHellman,\n  encapsulate,\n",
    },
  ],
};
