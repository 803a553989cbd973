/** JSON in and out as datarhei Core does it: a line feed at the end, and its words for a bad body. */
import { ProcessInvalid } from "../errors/process.ts";
import { readBody } from "../whep/body.ts";

/** A process record of a few kilobytes is a large one. */
const JSON_BYTES_MAX = 256 * 1024;

/** No client's data are as deep. What is deeper by far would overflow the stack where it is written. */
const JSON_DEPTH_MAX = 200;

export const JSON_TYPE = "application/json";

interface Settable {
  headers: Record<string, string | number>;
}

export function sendJson(set: Settable, value: unknown): string {
  set.headers["content-type"] = JSON_TYPE;
  return `${JSON.stringify(value)}\n`;
}

/** The body's value. Throws ProcessInvalid or BodyTooLarge. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readBody(request, JSON_BYTES_MAX, invalid);
  if (text.trim() === "") throw invalid("request doesn't contain any content");
  // A form of another site can send any text, but not with this type; so this stops it too.
  if (!(request.headers.get("content-type") ?? "").toLowerCase().startsWith(JSON_TYPE)) {
    throw invalid("request doesn't contain JSON content");
  }
  const value = parse(text);
  if (isTooDeep(value, JSON_DEPTH_MAX)) {
    throw invalid(`found values in more than ${JSON_DEPTH_MAX} others; allowed: fewer levels`);
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("syntax error: the body is not JSON");
  }
}

function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}

function invalid(detail: string): ProcessInvalid {
  return new ProcessInvalid("Invalid JSON", [detail]);
}
