/** Parameters of an `a=fmtp` value, `key=value` joined by semicolons. Keys match without regard to case. */

/** The value of one parameter, or undefined when it is absent. */
export function fmtpParameter(fmtp: string, key: string): string | undefined {
  const wanted = key.toLowerCase();
  for (const part of fmtp.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0 && part.slice(0, equals).trim().toLowerCase() === wanted) {
      return part.slice(equals + 1).trim();
    }
  }
  return undefined;
}

/** The value with the parameters added that it does not name yet. */
export function withFmtpDefaults(fmtp: string, defaults: readonly [key: string, value: string][]) {
  const added = defaults
    .filter(([key]) => fmtpParameter(fmtp, key) === undefined)
    .map(([key, value]) => `${key}=${value}`);
  return [...(fmtp === "" ? [] : [fmtp]), ...added].join(";");
}
