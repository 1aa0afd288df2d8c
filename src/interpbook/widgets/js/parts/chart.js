// Line charts as SVG: lines differ by their dashes, not by their colours alone.

import { make } from "./drawing.js";

const SVG_NAMES = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [480, 220];
const EDGE = { left: 52, right: 12, top: 28, bottom: 46 };

/** Make an SVG element: attributes, then children. */
export function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG_NAMES, tag);
  for (const [name, value] of Object.entries(attributes))
    if (value != null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * A chart of lines over a common axis.
 *
 * @param {{name: string, x: Axis, y: Axis,
 *   lines: {name: string, points: [number, number][], kind?: string, dots?: boolean}[],
 *   level?: {at: number, name: string, under?: boolean, left?: boolean}, cursor?: number,
 *   marks?: {at: [number, number], name?: string, kind?: string}[],
 *   size?: [number, number]}} options `name` says what the chart shows to those who do not see it; a
 *   line's or mark's `kind` is a class of live.css; `level` is a horizontal line, its name above it on
 *   the right, or `under` it, or on the `left`; `cursor` a vertical one; `marks` are single points
 * @typedef {{name: string, min: number, max: number, log?: boolean, ticks: [number, string][]}} Axis
 */
export function lineChart({ name, x, y, lines, level, cursor, marks = [], size = [WIDTH, HEIGHT] }) {
  const [width, height] = size;
  const across = scaleOf(x, EDGE.left, width - EDGE.right);
  const up = scaleOf(y, height - EDGE.bottom, EDGE.top);
  const [left, right] = [EDGE.left, width - EDGE.right];
  const [top, bottom] = [EDGE.top, height - EDGE.bottom];
  const parts = [
    ...y.ticks.flatMap(([value, text]) => [
      drawn("path", { class: "live-grid", d: `M${left} ${up(value)}H${right}` }),
      drawn("text", { x: left - 6, y: up(value) + 4, "text-anchor": "end" }, text),
    ]),
    ...x.ticks.map(([value, text]) =>
      drawn("text", { x: across(value), y: bottom + 17, "text-anchor": "middle" }, text),
    ),
    drawn("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, x.name),
    drawn("text", { x: 2, y: 14 }, y.name),
    drawn("path", { class: "live-axis", d: `M${left} ${top}V${bottom}H${right}` }),
  ];
  if (level)
    parts.push(
      drawn("path", { class: "live-level", d: `M${left} ${up(level.at)}H${right}` }),
      drawn(
        "text",
        {
          x: level.left ? left + 6 : right,
          y: up(level.at) + (level.under ? 5 : -5),
          "text-anchor": level.left ? "start" : "end",
          "dominant-baseline": level.under ? "hanging" : null,
        },
        level.name,
      ),
    );
  if (cursor != null)
    parts.push(drawn("path", { class: "live-cursor", d: `M${across(cursor)} ${top}V${bottom}` }));
  for (const { points, kind = "live-line-1", dots } of lines) {
    const places = points.map(([a, b]) => [across(a).toFixed(1), up(b).toFixed(1)]);
    parts.push(drawn("polyline", { class: `live-line ${kind}`, points: places.join(" ") }));
    for (const [cx, cy] of dots ? places : []) parts.push(drawn("circle", { cx, cy, r: 3.5 }));
  }
  for (const { at: [a, b], name: word, kind = "" } of marks) {
    const [cx, cy] = [across(a), up(b)];
    const onTheRight = word && cx + 8 + 7.5 * word.length > right; // there the name goes to the left
    parts.push(drawn("circle", { class: `live-mark ${kind}`, cx: cx.toFixed(1), cy: cy.toFixed(1), r: 4 }));
    if (word) {
      const place = { x: (cx + (onTheRight ? -8 : 8)).toFixed(1), y: (cy - 7).toFixed(1) };
      parts.push(drawn("text", { ...place, "text-anchor": onTheRight ? "end" : "start" }, word));
    }
  }
  const picture = drawn(
    "svg",
    { class: "live-chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name },
    ...parts,
  );
  picture.setAttribute("focusable", "false");
  return picture;
}

/** The key of a line: a piece of it, and its name. */
export function chartKey({ name, kind = "live-line-1" }) {
  const piece = drawn("polyline", { class: `live-line ${kind}`, points: "0,5 34,5" });
  return make("span", { class: "live-key" }, drawn("svg", { viewBox: "0 0 34 10", "aria-hidden": "true" }, piece), name);
}

/** The keys of a chart's lines, in a row. */
export function chartKeys(lines) {
  return make("p", { class: "live-keys" }, ...lines.map(chartKey));
}

/** Two numbers of each thing as a dot, and the dashed line on which they are the same. */
export function agreementChart({ name, x, y, marks }) {
  const axis = (title, values) => {
    const [low, high] = [Math.min(...values, -0.1), Math.max(...values, 0.1)];
    const [min, max] = [low - 0.08 * (high - low), high + 0.12 * (high - low)];
    return { name: title, min, max, ticks: evenTicks(min, max, 4) };
  };
  const [across, up] = [axis(x, marks.map(({ at }) => at[0])), axis(y, marks.map(({ at }) => at[1]))];
  const ends = [Math.max(across.min, up.min), Math.min(across.max, up.max)];
  const lines = [{ points: ends.map((value) => [value, value]), kind: "live-line-2" }];
  return lineChart({ name, x: across, y: up, lines, marks, size: [320, 290] });
}

/** Round values between two ends, about `count` of them, as [value, text] pairs. */
export function evenTicks(min, max, count = 5) {
  const rough = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let n = Math.ceil(min / step - 1e-9); n * step <= max + 1e-9 * step; n++)
    ticks.push([n * step, (n * step).toFixed(digits).replace(/^-/, "−")]);
  return ticks;
}

function scaleOf({ min, max, log }, from, to) {
  const place = log ? Math.log10 : (value) => value;
  const [low, high] = [place(min), place(max)];
  return (value) => from + ((place(value) - low) / (high - low)) * (to - from);
}
