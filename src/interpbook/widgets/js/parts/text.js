// A text whose words are coloured by scores. Colour is never the only carrier: words that speak for a
// class are underlined solid, those against it dotted, and the strongest ones carry their number.

import { maxAbs } from "../network/numbers.js";
import { NOTABLE_SHARE } from "../network/readings.js";
import { make } from "./drawing.js";
import { EMPTY_PLACE, isolated, signed } from "./wording.js";

/**
 * A text whose words are coloured by scores. The strongest gets the full colour; those that reach
 * `labelAbove` of it carry their number. With `onselect` each word is a button: a pointer or the
 * focus selects it, the arrow keys move along, and Tab goes past the whole sentence.
 *
 * @param {{text: string, spans: {start: number, end: number}[], scores: number[], known?: boolean[],
 *   name: string, describe: (i: number) => string, selected?: number,
 *   onselect?: (i: number) => void, labelAbove?: number, mark?: (i: number) => string,
 *   hover?: boolean, strongest?: number}} options `describe` is what a screen reader says of a word;
 *   `mark` may add a class to it; without `hover` a pointer has to click; `strongest` is the score of
 *   the full colour, where several texts share it
 */
export function colouredText(options) {
  const { text, spans, scores, known, name, describe, selected = 0, onselect } = options;
  const { labelAbove = 0.25, mark, hover = true } = options;
  const strongest = options.strongest || maxAbs(scores, [0]) || 1;
  const box = make("div", { class: "live-text", dir: "auto", role: onselect ? "toolbar" : "group", "aria-label": name });
  let end = 0;
  const words = spans.map((span, i) => {
    const share = scores[i] / strongest;
    const classes = ["live-word", sideOf(share), known && !known[i] && "live-unknown", mark?.(i)];
    const word = make(
      onselect ? "button" : "span",
      {
        class: classes.filter(Boolean).join(" "),
        style: `--share: ${Math.abs(share).toFixed(3)}`,
        title: isolated(describe(i)),
        ...(onselect && { type: "button", tabindex: i === selected ? 0 : -1, "aria-label": isolated(describe(i)) }),
      },
      text.slice(span.start, span.end),
    );
    if (Math.abs(share) >= labelAbove) word.dataset.number = signed(scores[i], strongest < 1 ? 2 : 1);
    box.append(text.slice(end, span.start), word);
    end = span.end;
    return word;
  });
  box.append(text.slice(end));
  if (onselect) makeToolbar(box, words, onselect, hover);
  return box;
}

/** The class of what speaks for a class or against it; none if it hardly speaks. */
export function sideOf(share) {
  if (Math.abs(share) < NOTABLE_SHARE) return "";
  return share > 0 ? "live-for" : "live-against";
}

/** Make one stop for Tab of many words; the arrow keys, or a pointer, select among them. */
export function makeToolbar(box, words, onselect, hover) {
  const select = (i) => {
    words.forEach((word, j) => (word.tabIndex = i === j ? 0 : -1));
    onselect(i);
  };
  words.forEach((word, i) => {
    word.addEventListener("focus", () => select(i));
    word.addEventListener(hover ? "pointerenter" : "click", () => select(i));
  });
  box.addEventListener("keydown", (event) => {
    const at = words.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: words.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    words[Math.min(Math.max(to, 0), words.length - 1)].focus();
  });
}

/** Put a newly drawn text in the place of the old one; a word that had the focus has it again. */
export function redrawText(parent, text) {
  const at = wordsOf(parent).indexOf(document.activeElement);
  parent.replaceChildren(text);
  if (at >= 0) wordsOf(parent)[at]?.focus({ preventScroll: true });
}

/** Frame the words of a drawn text that are chosen, and no others. */
export function frameWords(parent, isChosen) {
  wordsOf(parent).forEach((word, i) => word.classList.toggle("live-chosen", isChosen(i)));
}

/** The elements of a drawn text's words. */
export function wordsOf(parent) {
  return [...parent.querySelectorAll(".live-word")];
}

/** The words of an n-gram outside a text, some of them in bold; null is a place of padding. */
export function ngramText(words, isBold) {
  const shown = words.map((word, j) => (isBold(j) ? make("strong", {}, word) : (word ?? EMPTY_PLACE)));
  return make("span", { class: "live-ngram" }, ...shown.flatMap((word) => [word, " "]));
}
