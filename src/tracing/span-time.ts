/** Unix milliseconds as a span's time: seconds and nanoseconds. A plain number could mean another clock. */
export function timeOf(unixMs: number): [number, number] {
  const seconds = Math.floor(unixMs / 1000);
  return [seconds, Math.floor((unixMs - seconds * 1000) * 1e6)];
}
