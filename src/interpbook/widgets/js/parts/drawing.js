// The pieces that live figures are made of. Text of a reader only ever becomes text nodes and
// attributes, never markup.

import { isolated, signed } from "./wording.js";

/** Make an element: attributes, then children (elements or text). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A paragraph below a figure. */
export function note(...children) {
  return make("p", { class: "live-note" }, ...children);
}

/** A line that screen readers speak when it changes. */
export function status() {
  return make("p", { class: "live-status", role: "status" });
}

/** Change a text only if it is another one, so that it is not spoken again. */
export function say(element, text) {
  const said = isolated(text);
  if (element.textContent !== said) element.textContent = said;
}

/** What opens on demand; its last child makes room for what is in it. */
export function folded(summary) {
  return make("details", {}, make("summary", {}, summary), make("div"));
}

/** A table that scrolls inside itself; cells are text or elements, the first of a row is its header. */
export function table(caption, header, rows) {
  const inside = (cell) => (typeof cell === "string" ? isolated(cell) : cell);
  const head = make("tr", {}, ...header.map((cell) => make("th", { scope: "col" }, inside(cell))));
  const body = rows.map(([first, ...cells]) =>
    make("tr", {}, make("th", { scope: "row" }, inside(first)), ...cells.map((cell) => make("td", {}, inside(cell)))),
  );
  return make(
    "div",
    { class: "live-scroll", tabindex: 0, role: "group", "aria-label": caption },
    make(
      "table",
      {},
      make("caption", {}, caption),
      make("thead", {}, head),
      make("tbody", {}, ...body),
    ),
  );
}

/** A bar from a middle line, as long as |value| / largest of half its box; its number stands beside it. */
export function bar(value, largest, text = signed(value)) {
  const share = largest > 0 ? Math.min(Math.abs(value) / largest, 1) : 0;
  const side = value < 0 ? "live-against" : "live-for";
  return filledTrack("live-track", side, share.toFixed(4), make("span", { class: "live-number" }, text));
}

/** A track, filled as far as a share of it; what stands beside it says the same in words. */
export function filledTrack(track, side, share, beside) {
  const fill = make("span", { class: `live-fill ${side}`, style: `--share: ${share}` });
  return make("span", { class: "live-bar" }, make("span", { class: track, "aria-hidden": "true" }, fill), beside);
}
