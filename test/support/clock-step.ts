/** Preloaded into a server: SIGUSR2 sets its time of day an hour ahead, as NTP does after a boot without a clock. */
const HOUR_MS = 3_600_000;
const dateNow = Date.now;

process.on("SIGUSR2", () => {
  Date.now = () => dateNow() + HOUR_MS;
});
