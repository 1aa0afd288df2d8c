// <textcnn-effects model="imdb" text="...">: what every word's going does, beside B's entry, and what is
// left of B's promises when words are taken away one after the other.

import { PARTS, logitsWithoutEach, partsOfChange, withReplaced } from "../network/changes.js";
import { argmax, maxAbs, softmax, strongest } from "../network/numbers.js";
import { UNKNOWN } from "../network/text.js";
import { agreementChart, chartKeys } from "../parts/chart.js";
import { button, classChoice, controls, radios, textBox } from "../parts/controls.js";
import { bar, folded, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { colouredText, frameWords, redrawText, wordsOf } from "../parts/text.js";
import { NO_WORD, colourKey, howMany, movesBy, percent, signed, unreadRemark } from "../parts/wording.js";

const WAYS = [
  ["unknown", "it becomes unknown"],
  ["deleted", "it is deleted"],
];
const PART_NAMES = {
  predicted: "B’s entry",
  biases: "biases stay",
  replacement: "replacement",
  silence: "silence",
  runnersUp: "runners-up",
  newcomers: "newcomers",
};
const NAMED_WORDS = 2; // in the chart, besides the chosen one

/**
 * Attributes: model, text, seen-from (a class), way ("unknown" or "deleted"), gone (words to begin
 * without, with commas), word (the chosen one). `result` has, for each word still there, `entries` (B)
 * and `falls` (exact); `steps`, one for each word taken away, with what B `promised` and what was `lost`
 * up to then, for each class; and the chosen word's `parts`.
 */
class EffectsFigure extends LiveFigure {
  async start() {
    this.model = await this.load();
    this.way = this.getAttribute("way") ?? "unknown";
    const seenFrom = this.model.classNames.indexOf(this.getAttribute("seen-from"));
    this.label = seenFrom < 0 ? null : seenFrom; // the predicted class
    this.build();
    const { tokens } = this.model.explain(this.parts.box.value);
    const places = (words) => words.map((word) => tokens.indexOf(word.trim())).filter((i) => i >= 0);
    this.startAnew();
    this.gone = places((this.getAttribute("gone") ?? "").split(","));
    this.position = places([this.getAttribute("word") ?? ""])[0] ?? null;
    this.update();
  }

  build() {
    const [textField, box] = textBox("Your text", this.getAttribute("text") ?? "", () => {
      this.startAnew();
      this.update();
    });
    const ways = radios("When a word goes", WAYS, this.way, (event) => {
      this.way = event.target.value;
      this.update();
    });
    const [labelField] = classChoice("Seen from", this.model.classNames, this.label, (label) => {
      this.label = label;
      this.update();
    });
    const next = button("Take away B’s next word", () => this.takeNext());
    const back = button("Put all back", () => this.putBack());
    const [sentence, steps, chart, word] = Array.from({ length: 4 }, () => make("div"));
    const details = folded("All words in numbers");
    const [legend, answer] = [note(), status()];
    const found = make("div", {}, steps, make("div", { class: "live-beside" }, chart, word), details);
    this.parts = { box, next, back, sentence, legend, answer, found, steps, chart, word, details };
    this.replaceChildren(
      controls(textField),
      controls(ways, labelField),
      sentence,
      legend,
      make("p", { class: "live-examples" }, next, back),
      answer,
      found,
    );
  }

  /** A new text: all its words are there. */
  startAnew() {
    [this.gone, this.position] = [[], null];
    this.splits = new Map();
  }

  /** The text without some of its words: ids, and where each word of the text stands in them. */
  without(gone) {
    const ids = this.read.tokens.map((word) => this.model.id(word));
    const places = ids.map((_, i) => i);
    if (this.way === "unknown") return { ids: ids.map((id, i) => (gone.includes(i) ? UNKNOWN : id)), places };
    const left = places.filter((i) => !gone.includes(i));
    return { ids: left.map((i) => ids[i]), places: places.map((i) => left.indexOf(i)) };
  }

  /** A and B of the text without some of its words; kept, as each step needs it again. */
  split(gone) {
    const key = `${this.way} ${gone}`;
    if (!this.splits.has(key)) this.splits.set(key, this.model.decompose(this.without(gone).ids));
    return this.splits.get(key);
  }

  update() {
    this.read = this.model.explain(this.parts.box.value);
    const { text, tokens, predicted } = this.read;
    const label = this.label ?? Math.max(predicted, 0);
    const empty = !tokens.length;
    for (const part of [this.parts.found, this.parts.sentence, this.parts.legend]) part.hidden = empty;
    const shown = { text, tokens, model: this.getAttribute("model"), way: this.way, label };
    if (empty) {
      this.parts.next.setAttribute("aria-disabled", "true");
      this.publish({ ...shown, gone: [], entries: [], falls: [], steps: [], next: null, fell: null });
      return say(this.parts.answer, NO_WORD);
    }
    if (this.way === "deleted") this.gone = this.gone.slice(0, tokens.length - 1); // a text has a word
    this.first = this.split([]);
    this.now = this.split(this.gone);
    this.place = this.without(this.gone);
    const each = logitsWithoutEach(this.model, this.place.ids, this.way === "unknown" ? UNKNOWN : null);
    const there = (value) => tokens.map((_, i) => (this.gone.includes(i) ? null : value(this.place.places[i])));
    const entries = there((at) => this.now.wordScores[at][label]);
    // A text has no logits without its only word.
    const falls = there((at) => (Number.isNaN(each[at][label]) ? null : this.now.logits[label] - each[at][label]));
    this.position ??= strongest(entries);
    const steps = this.stepsTaken();
    const next = this.nextWord(label);
    this.parts.next.setAttribute("aria-disabled", String(next === null));
    const said = { steps, next, fell: this.fellWith(steps) };
    this.publish({ ...shown, gone: this.gone, entries, falls, ...said, logits: this.now.logits, ...this.chosen });
    this.drawSentence();
    this.drawAnswer();
    this.drawSteps();
    this.drawTable();
    this.drawWord();
  }

  /** What B had promised at first, and what was lost, after each word that was taken away. */
  stepsTaken() {
    const promised = this.first.logits.map(() => 0);
    return this.gone.map((position, n) => {
      this.first.wordScores[position].forEach((entry, q) => (promised[q] += entry));
      const { logits } = this.split(this.gone.slice(0, n + 1));
      return { position, promised: [...promised], lost: logits.map((logit, q) => this.first.logits[q] - logit) };
    });
  }

  /** The number of the step with which the prediction fell; null while it stands. */
  fellWith(steps) {
    const { logits } = this.first;
    const said = argmax(logits);
    const stands = ({ lost: fall }) => logits.every((logit, q) => logit - fall[q] <= logits[said] - fall[said]);
    const since = steps.findLastIndex(stands) + 1;
    return since < steps.length ? since + 1 : null;
  }

  /** The word with the largest entry in the first B that is still there; null if none speaks for the class. */
  nextWord(label) {
    const entry = (i) => this.first.wordScores[i][label];
    const left = this.read.tokens.map((_, i) => i).filter((i) => !this.gone.includes(i) && entry(i) > 0);
    return left.length ? left.reduce((best, i) => (entry(i) > entry(best) ? i : best)) : null;
  }

  /** The word that the reader looks at, and the parts of what its going does. */
  get chosen() {
    const [position, { ids }] = [this.position, this.place];
    if (this.way === "deleted" || this.gone.includes(position)) return { position, parts: null };
    const after = this.model.decompose(withReplaced(ids, position, [UNKNOWN]));
    return { position, parts: partsOfChange(this.model, ids, this.now, after, position) };
  }

  toggle(position) {
    const { gone, result } = this;
    if (gone.includes(position)) this.gone = gone.filter((i) => i !== position);
    else if (this.way === "deleted" && gone.length === result.tokens.length - 1)
      return say(this.parts.answer, "This is the last word: without it there is nothing to read.");
    else this.gone = [...gone, position];
    this.position = position;
    this.update();
  }

  takeNext() {
    if (this.result.next !== null) this.toggle(this.result.next);
  }

  putBack() {
    this.gone = [];
    this.update();
  }

  drawSentence() {
    const { readText, tokens, spans, known, classNames } = this.read;
    const { label, entries, falls, gone } = this.result;
    const words = colouredText({
      text: readText,
      spans, known,
      scores: entries.map((entry) => entry ?? 0),
      name: `Your text, coloured by B for ${classNames[label]}: arrow keys move, Enter takes a word away`,
      describe: (i) =>
        gone.includes(i) ? `${tokens[i]}: taken away` : `${tokens[i]}: ${signed(entries[i])} in B, ${lost(falls[i])}`,
      selected: this.position,
      onselect: (i) => this.choose(i),
      mark: (i) => (i === this.position ? "live-chosen " : "") + (gone.includes(i) ? "live-gone" : ""),
    });
    wordsOf(words).forEach((word, i) => {
      word.setAttribute("aria-pressed", String(gone.includes(i)));
      word.addEventListener("click", () => this.toggle(i));
    });
    redrawText(this.parts.sentence, words);
    say(
      this.parts.legend,
      `${colourKey(classNames[label])}; in logits of B` +
        `${gone.length ? " as it is now" : ""}. Click a word, or press Enter on it, to take it away, and again to put it back.` +
        unreadRemark(this.read),
    );
  }

  drawAnswer() {
    const { classNames } = this.read;
    const { label, steps, logits, next, fell } = this.result;
    const chances = softmax(logits);
    const says = argmax(logits);
    const name = classNames[label];
    const { promised, lost: fall } = steps.at(-1) ?? {};
    say(
      this.parts.answer,
      (steps.length
        ? `Without ${howMany(steps.length, "word")} the logit of ${name} should ${movesBy(-promised[label], "rise", "fall", "stay")}, ` +
          `said the first B; it ${movesBy(-fall[label], "rises", "falls", "stays")}, to ${signed(logits[label])}. `
        : `All words are there; the logit of ${name} is ${signed(logits[label])}. `) +
        `The model says ${classNames[says]}, ${percent(chances[says])}` +
        `${fell ? `: the prediction fell with word ${fell}` : ""}.` +
        `${next === null ? ` No other word has an entry above zero for ${name} in the first B.` : ""}`,
    );
  }

  drawSteps() {
    const { classNames, tokens } = this.read;
    const { label, steps, logits } = this.result;
    if (!steps.length) return this.parts.steps.replaceChildren();
    const largest = maxAbs(...steps.map(({ promised, lost: fall }) => [promised[label], fall[label]]));
    const last = steps.at(-1);
    this.parts.steps.replaceChildren(
      table(
        `Taken away, one after the other: logits of ${classNames[label]}`,
        ["word", "its entry", "promised\u00a0so\u00a0far", "lost\u00a0so\u00a0far"],
        steps.map(({ position, promised, lost: fall }) => [
          tokens[position],
          signed(this.first.wordScores[position][label]),
          bar(promised[label], largest),
          bar(fall[label], largest),
        ]),
      ),
      table(
        "The logits",
        ["class", "at\u00a0first", "as\u00a0promised", "now"],
        classNames.map((name, q) => [
          name,
          ...[this.first.logits[q], this.first.logits[q] - last.promised[q], logits[q]].map((logit) => signed(logit)),
        ]),
      ),
    );
  }

  choose(position) {
    if (position === this.position) return;
    this.position = position;
    frameWords(this.parts.sentence, (i) => i === position);
    this.publish({ ...this.result, ...this.chosen });
    this.drawWord();
  }

  /** The chosen word's parts, and its place among the others. */
  drawWord() {
    const { tokens, classNames } = this.read;
    const { label, gone, entries, falls, position, parts } = this.result;
    const [word, name] = [tokens[position], classNames[label]];
    this.drawChart();
    if (gone.includes(position)) return this.parts.word.replaceChildren(note(`“${word}” is taken away.`));
    if (!parts)
      return this.parts.word.replaceChildren(
        note(
          `“${word}” has ${signed(entries[position])} in B for ${name}; ${lost(falls[position])}. The split into six parts ` +
            "is for a word that becomes unknown: around a deleted one, its neighbours make n-grams that B has never seen.",
        ),
      );
    const lostBy = PARTS.map((part) => -parts[part][label]);
    const largest = maxAbs(lostBy, [falls[position]]);
    this.parts.word.replaceChildren(
      table(
        `Without “${word}”: from B’s entry to the exact fall, in logits of ${name}`,
        ["part", "fall of the logit"],
        [
          ...PARTS.map((part, n) => [PART_NAMES[part], bar(lostBy[n], largest)]),
          [make("strong", {}, "exact fall"), bar(falls[position], largest)],
        ],
      ),
    );
  }

  /** Every word as a dot: B's entry across, what the logit loses upwards, and the line of no error. */
  drawChart() {
    const { tokens, classNames } = this.read;
    const { label, entries, falls } = this.result;
    const there = falls.map((_, i) => i).filter((i) => falls[i] !== null);
    const named = [...there].sort((a, b) => Math.abs(entries[b]) - Math.abs(entries[a])).slice(0, NAMED_WORDS);
    this.parts.chart.replaceChildren(
      agreementChart({
        name:
          `${howMany(there.length, "word")}: B’s entry and what the logit loses; on the dashed line B would be right. ` +
          named.map((i) => `${tokens[i]} ${signed(entries[i])} and ${signed(falls[i])}`).join(", "),
        x: "B’s entry",
        y: `what the logit of ${classNames[label]} loses`,
        marks: there.map((i) => ({
          at: [entries[i], falls[i]],
          name: i === this.position || named.includes(i) ? tokens[i] : undefined,
          kind: i === this.position ? "" : "live-pale",
        })),
      }),
      chartKeys([{ name: "B would be right", kind: "live-line-2" }]),
    );
  }

  drawTable() {
    const { label, entries, falls } = this.result;
    const there = entries.map((_, i) => i).filter((i) => entries[i] !== null);
    const largest = maxAbs(entries, falls);
    this.parts.details.lastChild.replaceWith(
      table(
        `All words that are there: logits of ${this.read.classNames[label]}`,
        ["word", "B’s entry", "what the logit loses"],
        there.map((i) => [this.read.tokens[i], bar(entries[i], largest), falls[i] === null ? "" : bar(falls[i], largest)]),
      ),
    );
  }
}

function lost(fall) {
  if (fall === null) return "without it no word is left";
  return `the logit ${movesBy(-fall, "rises", "falls", "stays")} without it`;
}

define("textcnn-effects", EffectsFigure);
