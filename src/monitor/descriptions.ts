/** The metrics in JSON: those of datarhei Core that this server has values for. Its clients know no others. */

export interface Description {
  readonly name: string;
  readonly description: string;
  readonly labels: readonly string[];
}

const metric = (
  name: string,
  description: string,
  labels: readonly string[] = [],
): Description => ({
  name,
  description,
  labels,
});

const collector = ["collector"];
const io = ["processid", "type", "id", "address", "index", "stream", "media", "name"];

/** Sorted by name. */
export const DESCRIPTIONS: readonly Description[] = [
  metric("cpu_idle", "Percentage of idle CPU"),
  metric("cpu_ncpu", "Number of logical CPUs in the system"),
  metric("cpu_other", "Percentage of CPU used for other subsystems"),
  metric("cpu_system", "Percentage of CPU used for the system"),
  metric("cpu_user", "Percentage of CPU used for the user"),
  metric("disk_total", "Total size of the disk in bytes", ["path"]),
  metric("disk_usage", "Number of used bytes on the disk", ["path"]),
  metric("ffmpeg_process", "Accumulated state changes of all ffmpeg processes", ["state"]),
  metric("filesystem_files", "Number of files on the filesystem (excluding directories)", ["name"]),
  metric("filesystem_limit", "Total size of the filesystem in bytes, negative if unlimited", [
    "name",
  ]),
  metric("filesystem_usage", "Number of used bytes on the filesystem", ["name"]),
  metric("mem_free", "Free memory in bytes"),
  metric("mem_total", "Total available memory in bytes"),
  metric("net_rx", "Number of received bytes", ["interface"]),
  metric("net_tx", "Number of transmitted bytes", ["interface"]),
  metric("restream_io", "Current process IO values by name", io),
  metric("restream_process", "Current process values by name", [
    "processid",
    "state",
    "order",
    "name",
  ]),
  metric("restream_process_states", "Current process state", ["processid", "state"]),
  metric("restream_state", "Summarized current process states", ["state"]),
  metric("session_active", "Number of current sessions", collector),
  metric("session_limit", "Max. number of concurrent sessions", collector),
  metric("session_total", "Total sessions", collector),
  metric("session_txbitrate", "Current transmitting bitrate in bit per second", collector),
  metric("session_txbytes", "Number of transmitted bytes", collector),
  metric("uptime_uptime", "Current uptime in seconds"),
];
