// A text whose words stand in boxes, each with a line below it: an id, a score.

import { make } from "./drawing.js";
import { makeToolbar } from "./text.js";
import { isolated } from "./wording.js";

/**
 * What stands between the words keeps its place; with `strike`, signs that are no words are struck
 * through. With `onselect` each box is a button: a pointer or the focus selects it, the arrow keys
 * move along.
 *
 * @param {{text: string, spans: {start: number, end: number}[], name: string,
 *   below: (i: number) => string, describe: (i: number) => string, mark: (i: number) => string,
 *   added?: string[], strike?: boolean, onselect?: (i: number) => void}} options `describe` is what a
 *   screen reader says of a box; `mark` adds classes to it; `added` are boxes after the text
 * @returns {[HTMLElement, HTMLElement[]]} the text, and its boxes
 */
export function boxedText(options) {
  const { text, spans, name, below, describe, mark, added = [], strike = false, onselect } = options;
  const role = onselect ? "toolbar" : "group";
  const holder = make("div", { class: "live-text live-boxes", dir: "auto", role, "aria-label": name });
  const box = (word, i) =>
    make(
      onselect ? "button" : "span",
      {
        class: `live-box ${mark(i)}`,
        "data-below": below(i),
        title: isolated(describe(i)),
        ...(onselect && { type: "button", tabindex: i ? -1 : 0, "aria-label": isolated(describe(i)) }),
      },
      word,
    );
  const boxes = [];
  let end = 0;
  spans.forEach((span, i) => {
    boxes.push(box(text.slice(span.start, span.end), i));
    holder.append(...betweenWords(text.slice(end, span.start), strike), boxes.at(-1));
    end = span.end;
  });
  holder.append(...betweenWords(text.slice(end), strike));
  for (const word of added) {
    boxes.push(box(word, boxes.length));
    holder.append(" ", boxes.at(-1));
  }
  if (onselect) makeToolbar(holder, boxes, onselect, true);
  return [holder, boxes];
}

/** What stands between two words: spaces as they are, other signs struck through if asked for. */
function betweenWords(between, strike) {
  const parts = between.split(/(\s+)/u).filter(Boolean);
  return parts.map((part) => (strike && part.trim() ? make("del", {}, part) : part));
}
