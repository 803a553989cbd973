// The live statistics below the picture, and the same numbers as data attributes of the root
// element for tests and for embedding pages.

const known = (value, unit = "") => (value === undefined ? "–" : `${value}${unit}`);
const percent = (value) => (value === undefined ? "" : ` (${value.toFixed(1)} %)`);

const ROWS = [
  ["Picture", (n) => (n.width ? `${n.width} × ${n.height}` : "–")],
  ["Frame rate", (n) => known(n.fps, " fps")],
  ["Video bit rate", (n) => known(n.videoKbit, " kbit/s")],
  ["Audio bit rate", (n) => known(n.audioKbit, " kbit/s")],
  ["Video codec", (n) => known(n.videoCodec)],
  ["Audio codec", (n) => known(n.audioCodec)],
  ["Round trip", (n) => known(n.rttMs, " ms")],
  ["Packets lost", (n) => `${n.packetsLost}${percent(n.lossPercent)}`],
  ["Packets repaired", (n) => known(n.packetsRepaired)],
  ["Jitter", (n) => known(n.jitterMs, " ms")],
  ["Jitter buffer", (n) => known(n.jitterBufferMs ?? n.audioBufferMs, " ms")],
  ["Frames decoded", (n) => String(n.framesDecoded)],
  ["Frames dropped", (n) => String(n.framesDropped)],
  ["Freezes", (n) => freezeText(n)],
  ["Sound concealed", (n) => known(n.concealedPercent?.toFixed(2), " %")],
  ["Picture to sound", (n) => known(n.skewMs, " ms")],
  ["First frame after", (n) => known(n.firstFrameMs, " ms")],
  ["Network path", (n) => pathText(n)],
];

function freezeText({ freezes, freezeSeconds }) {
  if (freezes === undefined) return "–";
  return freezes === 0 ? "0" : `${freezes} (${(freezeSeconds ?? 0).toFixed(1)} s)`;
}

function pathText({ candidateType, remoteType, remoteAddress, protocol }) {
  if (candidateType === undefined) return "–";
  return `${candidateType} to ${remoteAddress ?? remoteType ?? "server"} (${protocol ?? "udp"})`;
}

/** Fills the <dl>; returns a function that shows new numbers. */
export function statisticsPanel(list) {
  const cells = ROWS.map(([name]) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    value.textContent = "–";
    row.append(term, value);
    list.append(row);
    return value;
  });
  return (numbers) => {
    ROWS.forEach(([, text], index) => {
      cells[index].textContent = text(numbers);
    });
  };
}

const PUBLISHED = [
  "framesDecoded",
  "framesDropped",
  "fps",
  "width",
  "height",
  "freezes",
  "packetsReceived",
  "packetsLost",
  "packetsRepaired",
  "audioEnergy",
  "samplesReceived",
  "concealedPercent",
  "jitterBufferMs",
  "audioBufferMs",
  "rttMs",
  "videoKbit",
  "audioKbit",
  "videoCodec",
  "audioCodec",
  "candidateType",
  "skewMs",
  "firstFrameMs",
];

/** Writes the numbers to the root element: data-frames-decoded, data-packets-lost, … */
export function publish(numbers) {
  const { dataset } = document.documentElement;
  for (const name of PUBLISHED) {
    if (numbers[name] === undefined) delete dataset[name];
    else dataset[name] = String(numbers[name]);
  }
}
