/** The media type of a file by the end of its name: what FFmpeg writes and players read. */

const TYPES: Readonly<Record<string, string>> = {
  m3u8: "application/vnd.apple.mpegurl",
  mpd: "application/dash+xml",
  ts: "video/mp2t",
  mp4: "video/mp4",
  m4s: "video/iso.segment",
  m4v: "video/mp4",
  m4a: "audio/mp4",
  mkv: "video/x-matroska",
  webm: "video/webm",
  flv: "video/x-flv",
  mp3: "audio/mpeg",
  aac: "audio/aac",
  ogg: "audio/ogg",
  wav: "audio/wav",
  vtt: "text/vtt",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
};

/** application/octet-stream, which browsers save and do not show, for all others. */
export function mediaType(name: string): string {
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const known = Object.hasOwn(TYPES, end) ? TYPES[end] : undefined;
  return known ?? "application/octet-stream";
}
