/** TLS alerts (RFC 5246 §7.2): the numbers used here, and which one an error of werift calls for. */

export const WARNING = 1;
export const FATAL = 2;
export const CLOSE_NOTIFY = 0;
export const UNEXPECTED_MESSAGE = 10;
export const HANDSHAKE_FAILURE = 40;
export const BAD_CERTIFICATE = 42;

/** Some of werift's errors have no text. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : "malformed message";
}

/** The alert the patched werift wants sent for this error. */
export function alertOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("alertDescription" in error)) return undefined;
  return typeof error.alertDescription === "number" ? error.alertDescription : undefined;
}
