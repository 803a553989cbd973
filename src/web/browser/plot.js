// A small plot of one stream's last hour: a line, or bars for what is counted. The figures stand in words beside it,
// so that nobody has to read them off the picture.

const SLOTS = 360;
const HEIGHT = 48;
const SVG = "http://www.w3.org/2000/svg";

/** Where each sample stands: the newest at the right edge, whatever the number of samples. */
const slotOf = (index, count) => SLOTS - count + index;
/** Two decimals are finer than a pixel. */
const yOf = (value, top) => Math.round((1 - value / top) * HEIGHT * 100) / 100;

/** The path of a line; a gap where nothing is known (null). `top` is the value at the upper edge. */
export function linePath(values, top) {
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value !== null)
      path += `${drawing ? "L" : "M"}${slotOf(index, values.length)} ${yOf(value, top)}`;
    drawing = value !== null;
  });
  return path;
}

/** The path of one bar per sample that is not 0. */
export function barPath(values, top) {
  return values
    .map((value, index) =>
      value > 0 ? `M${slotOf(index, values.length)} ${HEIGHT}V${yOf(value, top)}` : "",
    )
    .join("");
}

/** A round value that none exceeds: 1, 2 or 5 times a power of ten. */
export function roundTop(values, least) {
  const max = Math.max(least, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= max);
  return step * power;
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function svgElement(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * Returns { element, show(values) }. `describe` makes { now, note } of the values, both short texts;
 * `least` is the smallest value at the upper edge, so that noise does not look like a mountain.
 */
export function plot({ title, kind, least, describe }) {
  const now = element("strong", {});
  const note = element("span", { class: "quiet" });
  const path = svgElement("path", { class: kind, "vector-effect": "non-scaling-stroke" });
  const picture = svgElement("svg", {
    viewBox: `0 0 ${SLOTS} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
  });
  picture.append(path);
  const caption = element("figcaption", {}, `${title} `, now, " ", note);
  return {
    element: element("figure", { class: "plot" }, caption, picture),
    show(values) {
      const words = describe(values);
      const top = roundTop(values, least);
      now.textContent = words.now;
      note.textContent = words.note;
      picture.setAttribute("aria-label", `${title}, last hour: ${words.now}, ${words.note}`);
      path.setAttribute("d", kind === "bars" ? barPath(values, top) : linePath(values, top));
    },
  };
}
