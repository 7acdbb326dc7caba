const OID = "1.3.6.1.4.1.1466.20037";
const MOST_BYTES = 4096;

/** LDAPMessage { messageID 1, extendedReq { requestName [0] OID } }; RFC 4511 sections 4.12 and 4.14. */
export const startTlsRequest: Buffer = Buffer.concat([
  Buffer.of(0x30, 5 + 2 + OID.length, 0x02, 0x01, 0x01, 0x77, 2 + OID.length, 0x80, OID.length),
  Buffer.from(OID),
]);

/**
 * Reads the answer:
 *
 *   30 len            LDAPMessage
 *   02 01 01          messageID 1
 *   78 len            extendedResp
 *   0a 01 00          resultCode success, then what does not matter
 *
 * "more" while it is not whole. What lies behind it, or is anything else, is a refusal.
 */
export function startTlsResult(bytes: Buffer): "more" | "agreed" | "refused" {
  const whole = headOf(bytes, 0, 0x30);
  if (whole === "more") return bytes.length > MOST_BYTES ? "refused" : "more";
  if (whole === null || whole.end > MOST_BYTES || bytes.length > whole.end) return "refused";
  if (bytes.length < whole.end) return "more";
  if (!bytes.subarray(whole.start, whole.start + 3).equals(Buffer.of(0x02, 0x01, 0x01))) return "refused";
  const answer = headOf(bytes, whole.start + 3, 0x78);
  if (answer === null || answer === "more" || answer.end > whole.end) return "refused";
  return bytes.subarray(answer.start, answer.start + 3).equals(Buffer.of(0x0a, 0x01, 0x00)) ? "agreed" : "refused";
}

/** Where the contents of a BER value begin and end; null: another tag, or a length of more than four bytes. */
function headOf(bytes: Buffer, at: number, tag: number): { start: number; end: number } | "more" | null {
  if (bytes.length < at + 2) return bytes.length > at && bytes[at] !== tag ? null : "more";
  const first = bytes[at + 1]!;
  if (bytes[at] !== tag) return null;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  // Microsoft's servers write lengths in four bytes: 84 00 00 00 xx.
  if (count === 0 || count > 4) return null;
  if (bytes.length < at + 2 + count) return "more";
  const start = at + 2 + count;
  return { start, end: start + bytes.readUIntBE(at + 2, count) };
}
