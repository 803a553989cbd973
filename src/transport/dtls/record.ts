/** DTLS 1.2 records as bytes (RFC 6347 §4.1). Knows no keys: an epoch above 0 is an opaque body. */

export const CONTENT_ALERT = 21;
export const CONTENT_HANDSHAKE = 22;
/** {254, 253}, the wire form of DTLS 1.2. */
export const DTLS_1_2 = 0xfefd;

const HEADER_BYTES = 13;
/** A flight of ours or theirs has at most seven records; more in one datagram is noise. */
const RECORDS_PER_DATAGRAM_MAX = 16;
/** Stays below every usual path MTU, as nothing here discovers one. */
const DATAGRAM_BYTES_MAX = 1200;

export interface DtlsRecord {
  readonly contentType: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  readonly body: Buffer;
  /** Header and body, as received. */
  readonly bytes: Buffer;
}

/** The records of a datagram, up to the first one that is not whole DTLS. */
export function readRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  let start = 0;
  while (start + HEADER_BYTES <= datagram.length && records.length < RECORDS_PER_DATAGRAM_MAX) {
    const end = start + HEADER_BYTES + datagram.readUInt16BE(start + 11);
    if (datagram.readUInt8(start + 1) !== DTLS_1_2 >> 8 || end > datagram.length) break;
    records.push({
      contentType: datagram.readUInt8(start),
      epoch: datagram.readUInt16BE(start + 3),
      sequenceNumber: datagram.readUIntBE(start + 5, 6),
      body: datagram.subarray(start + HEADER_BYTES, end),
      bytes: datagram.subarray(start, end),
    });
    start = end;
  }
  return records;
}

/** One record with its header. */
export function writeRecord(record: Omit<DtlsRecord, "bytes">): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + record.body.length);
  bytes.writeUInt8(record.contentType, 0);
  bytes.writeUInt16BE(DTLS_1_2, 1);
  bytes.writeUInt16BE(record.epoch, 3);
  bytes.writeUIntBE(record.sequenceNumber, 5, 6);
  bytes.writeUInt16BE(record.body.length, 11);
  record.body.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** Puts whole records into as few datagrams as fit (RFC 6347 §4.1.1). */
export function packDatagrams(records: readonly Buffer[]): Buffer[] {
  const datagrams: Buffer[] = [];
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for (const record of records) {
    if (waiting.length > 0 && waitingBytes + record.length > DATAGRAM_BYTES_MAX) {
      datagrams.push(Buffer.concat(waiting));
      waiting = [];
      waitingBytes = 0;
    }
    waiting.push(record);
    waitingBytes += record.length;
  }
  if (waiting.length > 0) datagrams.push(Buffer.concat(waiting));
  return datagrams;
}
