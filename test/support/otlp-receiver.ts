/** A collector small enough to read: takes OTLP by gRPC or by HTTP with protobuf and keeps the spans. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createServer2 } from "node:http2";
import type { AddressInfo } from "node:net";

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** "" for the first one of a trace. */
  readonly parentId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly events: readonly string[];
  readonly resource: Readonly<Record<string, string | number>>;
}

export interface OtlpReceiver {
  /** host:port */
  readonly address: string;
  readonly spans: readonly ReceivedSpan[];
  /** Of the last request. */
  readonly headers: () => IncomingHttpHeaders;
  close(): void;
}

export async function otlpReceiver(protocol: "grpc" | "http/protobuf"): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  let headers: IncomingHttpHeaders = {};
  const server = protocol === "grpc" ? createServer2() : createServer();
  if (protocol === "grpc") {
    server.on("stream", (stream, sent) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        headers = sent;
        // One byte says whether it is compressed, four how long it is.
        spans.push(...readRequest(Buffer.concat(chunks).subarray(5)));
        stream.respond(
          { ":status": 200, "content-type": "application/grpc" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.alloc(5));
      });
    });
  } else {
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        headers = { ...request.headers, ":path": request.url };
        spans.push(...readRequest(Buffer.concat(chunks)));
        response.end();
      });
    });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    spans,
    headers: () => headers,
    close: () => void server.close(),
  };
}

interface Field {
  readonly number: number;
  readonly bytes: Buffer;
  readonly value: bigint;
}

/** Protocol Buffers' wire format: fields with their number, as bytes or as a number. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    let value = 0n;
    let length = 0;
    if (wireType === 0) value = varint();
    else length = wireType === 1 ? 8 : wireType === 5 ? 4 : Number(varint());
    const bytes = message.subarray(at, at + length);
    if (wireType === 1) value = bytes.readBigUInt64LE();
    at += length;
    fields.push({ number: tag >> 3, bytes, value });
  }
  return fields;
}

const all = (message: Buffer, number: number) =>
  fieldsOf(message).filter((field) => field.number === number);
const first = (message: Buffer, number: number) => all(message, number)[0];

/** opentelemetry/proto/collector/trace/v1/trace_service.proto */
function readRequest(message: Buffer): ReceivedSpan[] {
  return all(message, 1).flatMap(({ bytes: resourceSpans }) => {
    const resource = attributesOf(first(resourceSpans, 1)?.bytes ?? Buffer.alloc(0), 1);
    return all(resourceSpans, 2).flatMap(({ bytes: scopeSpans }) =>
      all(scopeSpans, 2).map(({ bytes }) => readSpan(bytes, resource)),
    );
  });
}

/** opentelemetry/proto/trace/v1/trace.proto, message Span */
function readSpan(span: Buffer, resource: ReceivedSpan["resource"]): ReceivedSpan {
  const status = first(span, 15)?.bytes ?? Buffer.alloc(0);
  return {
    name: String(first(span, 5)?.bytes),
    traceId: first(span, 1)?.bytes.toString("hex") ?? "",
    spanId: first(span, 2)?.bytes.toString("hex") ?? "",
    parentId: first(span, 4)?.bytes.toString("hex") ?? "",
    startMs: Number(first(span, 7)?.value ?? 0n) / 1e6,
    endMs: Number(first(span, 8)?.value ?? 0n) / 1e6,
    failed: first(status, 3)?.value === 2n,
    attributes: attributesOf(span, 9),
    events: all(span, 11).map(({ bytes }) => String(first(bytes, 2)?.bytes)),
    resource,
  };
}

function attributesOf(message: Buffer, number: number): Record<string, string | number> {
  return Object.fromEntries(
    all(message, number).map(({ bytes }) => {
      const value = fieldsOf(first(bytes, 2)?.bytes ?? Buffer.alloc(0))[0];
      return [String(first(bytes, 1)?.bytes), anyValue(value)];
    }),
  );
}

function anyValue(value: Field | undefined): string | number {
  if (value?.number === 1) return String(value.bytes);
  return value?.number === 4 ? value.bytes.readDoubleLE() : Number(value?.value ?? 0n);
}
