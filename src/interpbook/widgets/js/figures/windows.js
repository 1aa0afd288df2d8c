// <textcnn-windows model="imdb">: move a filter's window over a sentence, and see what it makes of it.

import { argmax, maxAbs } from "../network/numbers.js";
import { windowWords } from "../network/readings.js";
import { boxedText } from "../parts/boxes.js";
import { button, choice, controls, setOptions, slider, textBox } from "../parts/controls.js";
import { bar, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { EMPTY_PLACE, NO_WORD, howMany, quoted, signed, unreadRemark } from "../parts/wording.js";

const STEP_TIME = 900; // milliseconds that a window stays while the figure plays
const DIGITS = 3;

/**
 * Attributes: model, text, filter (its number, from 0; the most decisive one if left out).
 * `result` holds what is shown: `tokens`, `filter`, `width`, `bias`, `scores` (u_i of all windows),
 * `position` (where the window stands, from 0), `slotScores` (w_j . x of its words), `best` (the best
 * window so far), `found` (whether it is the best of all), and of the whole sentence `pooled` (u_max),
 * `v`, and `added` (w_qp v, a number a class).
 */
class WindowStepper extends LiveFigure {
  async start() {
    this.model = await this.load();
    this.chosen = this.hasAttribute("filter") ? Number(this.getAttribute("filter")) : null;
    this.build(this.getAttribute("text") ?? "");
    this.read();
  }

  build(text) {
    const [textField, box] = textBox("Your sentence", text, () => this.read());
    const [filterField, filters] = choice("Filter, the most decisive first", [], "", () =>
      this.choose(Number(filters.value)),
    );
    const format = (number) => `${number} of ${this.scores?.length ?? 1}`;
    const [placeField, place] = slider("Window", { min: 1, max: 1, value: 1, format }, (number) => {
      this.stop();
      this.moveTo(number - 1);
    });
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const play = button(this.still ? "Step" : "Play", () => this.play());
    const next = button("Next filter", () => this.choose(this.nextFilter()));
    this.parts = {
      box, filters, place, play,
      sum: status(),
      sentence: scroller("live-scroller", "Your sentence"),
      columns: scroller("live-scroll", "Scores, window by window"),
      largest: status(),
      added: make("div"),
    };
    const { sum, sentence, columns, largest, added } = this.parts;
    const legend = note(
      "Frame: the window that is being read. Blue: the best so far. A column is named after its window’s first word.",
    );
    const rows = [controls(filterField, next), controls(placeField, play)];
    this.figure = make("div", {}, ...rows, sentence, sum, columns, legend, largest, added);
    this.remark = status();
    this.replaceChildren(controls(textField), this.remark, this.figure);
  }

  /** Take in a new sentence. */
  read() {
    this.stop();
    this.explained = this.model.explain(this.parts.box.value);
    const { tokens, text, pooled } = this.explained;
    say(this.remark, tokens.length ? unreadRemark(this.explained).trim() : NO_WORD);
    this.remark.hidden = !this.remark.textContent;
    this.figure.hidden = !tokens.length;
    if (!tokens.length) return this.publish({ text, tokens });
    this.laidOut = this.model.layOut(tokens.map((word) => this.model.id(word)));
    this.order = this.byDecisiveness();
    const options = this.order.map((p) => [
      p,
      `filter ${p}, width ${this.model.filters[p].width}${pooled[p] > 0 ? "" : ", silent here"}`,
    ]);
    setOptions(this.parts.filters, options, "");
    this.show(this.chosen ?? this.order[0]);
  }

  /** The filters by the widest gap that they open between two classes; silent ones last. */
  byDecisiveness() {
    const gaps = this.explained.pooled.map((best, p) => {
      const added = this.adds(p, Math.max(best, 0));
      return Math.max(...added) - Math.min(...added);
    });
    return gaps.map((_, p) => p).sort((p, other) => gaps[other] - gaps[p] || p - other);
  }

  adds(filter, v) {
    return this.model.classNames.map((_, q) => this.model.weight(filter, q) * v);
  }

  choose(filter) {
    this.stop();
    this.chosen = filter;
    this.show(filter);
  }

  nextFilter() {
    return this.order[(this.order.indexOf(this.filter) + 1) % this.order.length];
  }

  /** Show a filter with all its windows read. */
  show(filter) {
    this.filter = filter;
    this.scores = this.model.windowScores(this.laidOut, filter);
    this.parts.filters.value = filter;
    this.parts.place.max = this.scores.length;
    this.moveTo(this.scores.length - 1);
  }

  moveTo(position) {
    const { width, bias } = this.model.filters[this.filter];
    const words = this.laidOut.padded.slice(position, position + width);
    const slotScores = words.map((id, j) => this.model.slotScore(id, this.filter, j));
    const seen = this.scores.slice(0, position + 1);
    const pooled = this.explained.pooled[this.filter];
    const v = Math.max(pooled, 0);
    this.parts.place.value = position + 1;
    this.parts.place.say();
    this.publish({
      text: this.explained.text,
      tokens: this.explained.tokens,
      model: this.getAttribute("model"),
      filter: this.filter,
      width, bias, position, slotScores, pooled, v,
      scores: this.scores,
      best: argmax(seen),
      found: seen.length === this.scores.length,
      added: this.adds(this.filter, v),
    });
    this.drawSentence();
    this.drawColumns();
    this.drawAdded();
    requestAnimationFrame(() => { // when the page is laid out anyway
      for (const box of this.inWindow) bringInSight(this.parts.sentence, box);
      bringInSight(this.parts.columns, this.column);
    });
  }

  play() {
    if (this.timer) return this.stop();
    this.step();
    if (this.still) return;
    this.parts.play.textContent = "Stop";
    this.timer = setInterval(() => {
      if (this.isConnected && !this.result.found) this.step();
      if (!this.isConnected || this.result.found) this.stop();
    }, STEP_TIME);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.parts.play.textContent = this.still ? "Step" : "Play";
  }

  /** Go to the next window; from the last one to the first. */
  step() {
    this.moveTo((this.result.position + 1) % this.scores.length);
  }

  /** The words of a window, in quotes. */
  quote(position) {
    return quoted(windowWords(this.explained, position, this.result.width));
  }

  drawSentence() {
    const { position, width, bias, slotScores, scores, best } = this.result;
    const { readText, spans, tokens } = this.explained;
    const within = (i, start) => i >= start && i < start + width;
    const score = (i) => signed(slotScores[i - position], DIGITS);
    const [holder, boxes] = boxedText({
      text: readText,
      spans,
      added: new Array(this.laidOut.padded.length - tokens.length).fill(EMPTY_PLACE),
      name: `Your sentence; the window holds ${this.quote(position)}`,
      below: (i) => (within(i, position) ? score(i) : ""),
      describe: (i) =>
        (tokens[i] ?? "padding") + (within(i, position) ? `: ${score(i)} in slot ${i - position + 1}` : ""),
      mark: (i) =>
        `${within(i, position) ? "live-inside" : ""} ${within(i, best) ? "live-best" : ""}`,
    });
    this.parts.sentence.replaceChildren(holder);
    this.inWindow = boxes.slice(position, position + width);
    const terms = slotScores.map((value) => signed(value, DIGITS)).join(" ");
    say(
      this.parts.sum,
      `Window ${position + 1}, ${this.quote(position)}: ${terms}, and the bias ` +
        `${signed(bias, DIGITS)}, make u = ${signed(scores[position], DIGITS)}.`,
    );
  }

  /** The scores of the windows so far, as columns that stand on their first words. */
  drawColumns() {
    const { scores, position, best, found } = this.result;
    const highest = Math.max(...scores, 0);
    const range = highest - Math.min(...scores, 0) || 1;
    const names = scores.map((u, i) => `${this.quote(i)} ${signed(u, DIGITS)}`);
    const columns = scores.map((u, i) => {
      const kind = i === best ? "live-best" : i === position ? "live-inside" : "";
      const height = make("span", {
        class: "live-height",
        style: `--top: ${(highest - Math.max(u, 0)) / range}; --size: ${Math.abs(u) / range}`,
        "data-number": i === best ? signed(u, DIGITS) : null,
      });
      return make(
        "span",
        {
          class: `live-column ${kind}`,
          title: i <= position ? names[i] : this.quote(i),
          onclick: () => this.jump(i),
        },
        make(
          "span",
          { class: "live-stem", style: `--zero: ${highest / range}` },
          ...(i <= position ? [height] : []),
        ),
        make("span", { class: "live-foot" }, this.explained.tokens[i] ?? EMPTY_PLACE),
      );
    });
    const seen = `${howMany(position + 1, "window")} of ${scores.length}`;
    const label = `Scores u of ${seen}: ${names.slice(0, position + 1).join(", ")}`;
    const chart = make("div", { class: "live-columns", role: "img", "aria-label": label }, ...columns);
    this.parts.columns.replaceChildren(chart);
    this.column = columns[found ? best : position];
  }

  jump(position) {
    this.stop();
    this.moveTo(position);
  }

  drawAdded() {
    const { scores, position, best, found, v, added, filter } = this.result;
    const where = `u = ${signed(scores[best], DIGITS)} at window ${best + 1}, ${this.quote(best)}`;
    const relu = `ReLU passes on v = ${v > 0 ? v.toFixed(DIGITS) : "0: the filter is silent"}`;
    say(
      this.parts.largest,
      found
        ? `Maximum: ${where}. ${relu}.`
        : `Largest so far: ${where}. ${howMany(scores.length - 1 - position, "window")} to come.`,
    );
    const largest = maxAbs(added);
    const focused = this.parts.added.contains(document.activeElement);
    this.parts.added.replaceChildren(
      table(
        `What filter ${filter} adds to the logits`,
        ["class", "weight w", "w · v"],
        this.model.classNames.map((name, q) => [
          name,
          signed(this.model.weight(filter, q), DIGITS),
          found ? bar(added[q], largest, signed(added[q], DIGITS)) : "when all windows are read",
        ]),
      ),
    );
    if (focused) this.parts.added.firstChild.focus({ preventScroll: true });
  }
}

/** A box that stays while what is in it changes, so that it keeps how far it is scrolled. */
function scroller(kind, name) {
  return make("div", { class: kind, tabindex: 0, role: "group", "aria-label": name });
}

/** Scroll a box inside itself, never the page, to an element in it that cannot be seen. */
function bringInSight(holder, element) {
  const [outer, inner] = [holder.getBoundingClientRect(), element.getBoundingClientRect()];
  const hidden = (start, end) => inner[start] < outer[start] || inner[end] > outer[end];
  const off = (start, end) => (inner[start] + inner[end] - outer[start] - outer[end]) / 2;
  if (hidden("top", "bottom")) holder.scrollTop += off("top", "bottom");
  if (hidden("left", "right")) holder.scrollLeft += off("left", "right");
}

define("textcnn-windows", WindowStepper);
