/** Reading a request's body with a limit, whether its length is announced or it comes in chunks. */
import { BodyTooLarge, type DomainError } from "../errors.ts";

/** The greatest offer of a browser seen has 8 KiB; more is no SDP. */
export const SDP_BYTES_MAX = 64 * 1024;

/**
 * The body as text. Throws BodyTooLarge after at most `bytesMax` bytes were kept, and what `refuse` makes
 * where the client stops in the middle: half an offer may well be one.
 */
export async function readBody(
  request: Request,
  bytesMax: number,
  refuse: (what: string) => DomainError,
): Promise<string> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > bytesMax) throw new BodyTooLarge(bytesMax);
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      length += chunk.byteLength;
      if (length > bytesMax) throw new BodyTooLarge(bytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof BodyTooLarge ? error : refuse("it ended too early.");
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Whether the body is of this type: parameters and case do not matter (RFC 9110 §8.3.1). */
export function hasMediaType(request: Request, type: string): boolean {
  const sent = request.headers.get("content-type") ?? "";
  return sent.split(";", 1)[0]?.trim().toLowerCase() === type;
}
