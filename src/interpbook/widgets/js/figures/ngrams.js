// <textcnn-ngrams model="imdb">: add up a column of A, n-gram by n-gram, until it meets the logit.

import { dot, sum } from "../network/numbers.js";
import { contrast, ngrams, ngramsOfColumn, windowWords } from "../network/readings.js";
import {
  checkbox, choice, classChoice, controls, radios, setClasses, slider, textBox,
} from "../parts/controls.js";
import { make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { modelChoices } from "../parts/models.js";
import { colouredText, frameWords } from "../parts/text.js";
import { NO_WORD, quoted, signed, unknownRemark, unreadRemark, whole } from "../parts/wording.js";

const ROWS = 8; // the others share a row, unless the reader asks for all
const DIGITS = 3;

/**
 * Attributes: model, text. The data may hold `texts`, a sentence to begin with for each model.
 * `result` is what TextCNN.explain returned, with `model`, `label`, `reading` ("column" or
 * "contrast"), `rows` ([{start, width, filters, score}]; two may lack start and width: the n-grams
 * that share a row, and last the silent filters), `added` (how many of the rows), `sum` of these and
 * `total`, the logit or, of a contrast, the lead.
 */
class NgramAdder extends LiveFigure {
  async start() {
    this.texts = this.data.texts ?? {};
    this.name = this.getAttribute("model") ?? "imdb";
    this.model = await this.load(this.name);
    [this.label, this.reading, this.all] = [null, "column", false];
    this.build(this.getAttribute("text") ?? this.texts[this.name] ?? "");
    this.read();
  }

  build(text) {
    const [textField, box] = textBox("Your sentence", text, () => this.read());
    const [modelField, models] = choice("Model", modelChoices(this.name), this.name, () => this.changeModel());
    const [labelField, labels] = classChoice("Class", this.model.classNames, this.label, (label) => {
      this.label = label;
      this.read();
    });
    const readings = [
      ["column", "what A has in the column of the class"],
      ["contrast", "the contrast: that, less the mean of the other columns"],
    ];
    const readingField = radios("Add up", readings, this.reading, (event) => {
      this.reading = event.target.value;
      this.read();
    });
    const [allField] = checkbox("a row for every n-gram", false, (event) => {
      this.all = event.target.checked;
      this.read();
    });
    const format = (added) => `${added} of ${this.rows?.length ?? 1}`;
    const [addedField, added] = slider("Rows added", { min: 0, max: 1, value: 1, format }, (number) =>
      this.add(number),
    );
    this.parts = {
      box, models, labels, added,
      sum: status(),
      sentence: make("div"),
      chart: make("div"),
      meaning: note(),
    };
    const { sum, sentence, chart, meaning } = this.parts;
    const rows = [controls(readingField), controls(addedField, allField)];
    this.figure = make("div", {}, ...rows, sum, sentence, chart, meaning);
    this.empty = status();
    this.replaceChildren(controls(textField, modelField, labelField), this.empty, this.figure);
  }

  async changeModel() {
    const before = this.name;
    if (!(await this.switchModel(this.parts.models, this.parts.sum))) return;
    // A sentence that the reader wrote stays; an example makes room for the other model's.
    if (this.parts.box.value === this.texts[before]) this.parts.box.value = this.texts[this.name] ?? "";
    this.label = null;
    setClasses(this.parts.labels, this.model.classNames, this.label);
    this.read();
  }

  /** Take in a new sentence, or a new question to it, with all rows added. */
  read() {
    this.explained = this.model.explain(this.parts.box.value);
    const { tokens, logits, predicted } = this.explained;
    say(this.empty, tokens.length ? "" : NO_WORD);
    this.empty.hidden = tokens.length > 0;
    this.figure.hidden = !tokens.length;
    if (!tokens.length) return this.publish({ ...this.explained, model: this.name, rows: [] });
    this.seen = this.label ?? predicted; // the class that the figure shows
    this.total = this.inReading(logits);
    this.rows = this.gatherRows();
    this.parts.added.max = this.rows.length;
    this.drawSentence();
    this.add(this.rows.length);
  }

  /** The n-grams, the largest first; the small ones together; and the silent filters' share of the bias. */
  gatherRows() {
    const { explained, seen, reading } = this;
    const found = reading === "column" ? ngramsOfColumn(explained, seen) : ngrams(explained, seen);
    const shown = this.all || found.length <= ROWS + 1 ? found.length : ROWS;
    const rows = found.slice(0, shown).map((ngram) => ({ ...ngram, name: this.quote(ngram) }));
    const rest = found.slice(shown);
    if (rest.length)
      rows.push({
        name: `${whole(rest.length)} more n-grams`,
        filters: rest.flatMap(({ filters }) => filters),
        score: sum(rest.map(({ score }) => score)),
      });
    const silent = explained.pooled.flatMap((best, p) => (best > 0 ? [] : [p]));
    const share = sum(silent.map((p) => this.inReading(explained.ngramScores[p])));
    return [...rows, { name: "silent filters (bias)", filters: silent, score: share }];
  }

  /** One number of a row with a number a class: that of the class, or its lead over the others' mean. */
  inReading(row) {
    return this.reading === "column" ? row[this.seen] : dot(row, contrast(this.seen, row.length));
  }

  quote({ start, width }) {
    return quoted(windowWords(this.explained, start, width));
  }

  /** Show the sum of the first rows. */
  add(added) {
    this.parts.added.value = added;
    this.parts.added.say();
    this.publish({
      ...this.explained,
      model: this.name, label: this.seen, reading: this.reading,
      rows: this.rows, added,
      sum: sum(this.rows.slice(0, added).map(({ score }) => score)),
      total: this.total,
    });
    this.drawSum();
    this.drawRows();
    this.mark(this.rows[added - 1]);
  }

  get totalName() {
    const name = this.explained.classNames[this.seen];
    return this.reading === "column" ? `the logit of ${name}` : `the lead of ${name} over the other classes`;
  }

  drawSum() {
    const { added, rows, sum: reached, total } = this.result;
    const last = rows[added - 1];
    const [now, goal] = [signed(reached, DIGITS), signed(total, DIGITS)];
    const news = last ? `${last.name}: ${signed(last.score, DIGITS)}. ` : "";
    say(
      this.parts.sum,
      added === rows.length
        ? `All rows together: ${now}. That is ${this.totalName}, ${goal}.`
        : `${news}Sum so far ${now}; ${this.totalName} is ${goal}.`,
    );
  }

  drawSentence() {
    const { readText, spans, tokens, known } = this.explained;
    this.parts.sentence.replaceChildren(
      colouredText({
        text: readText,
        spans, known,
        scores: tokens.map(() => 0),
        name: "Your sentence",
        describe: (i) => tokens[i] + unknownRemark(known[i]),
      }),
    );
  }

  /** Mark the words of a row's n-gram in the sentence, and the row. */
  mark(row) {
    frameWords(this.parts.sentence, (i) => i >= row?.start && i < row.start + row.width);
    this.parts.chart.querySelectorAll("tbody tr").forEach((line, i) => {
      line.classList.toggle("live-marked", this.rows[i] !== undefined && this.rows[i] === row);
    });
  }

  /** The rows as bars, each from where the one above ended, to the line of the total. */
  drawRows() {
    const { rows, added, sum: reached, total } = this.result;
    const name = this.explained.classNames[this.seen];
    const ends = rows.reduce((sums, { score }) => [...sums, sums.at(-1) + score], [0]);
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const place = (value) => (value - low) / (high - low || 1);
    const piece = (from, to) => {
      const [left, right] = [place(from), place(to)].sort((one, other) => one - other);
      return make("span", {
        class: to < from ? "live-piece live-against" : "live-piece live-for",
        style: `--from: ${left}; --size: ${right - left}`,
      });
    };
    const fall = (...pieces) =>
      make(
        "span",
        { class: "live-fall", "aria-hidden": "true", style: `--zero: ${place(0)}; --total: ${place(total)}` },
        ...pieces,
      );
    const lines = rows.map(({ name, filters, score }, i) => [
      name,
      String(filters.length),
      i < added ? signed(score, DIGITS) : "",
      fall(...(i < added ? [piece(ends[i], ends[i + 1])] : [])),
      i < added ? signed(ends[i + 1], DIGITS) : "",
    ]);
    const filters = rows.slice(0, added).reduce((count, row) => count + row.filters.length, 0);
    const together = ["together", String(filters), "", fall(piece(0, reached)), signed(reached, DIGITS)];
    const drawing = table(
      this.reading === "column" ? `The column of A for ${name}` : `A: ${name} less the mean of the others`,
      ["n-gram", "filters", "adds", "from sum to sum", "sum so far"],
      [...lines, together],
    );
    drawing.querySelectorAll("tbody tr").forEach((line, i) => {
      if (rows[i]) line.addEventListener("pointerenter", () => this.mark(rows[i]));
    });
    drawing.addEventListener("pointerleave", () => this.mark(rows[added - 1]));
    const focused = this.parts.chart.contains(document.activeElement);
    this.parts.chart.replaceChildren(drawing);
    if (focused) drawing.focus({ preventScroll: true });
    say(
      this.parts.meaning,
      `Blue adds to the sum, orange with stripes takes from it; the dashed line is ${this.totalName}. ` +
        "Point at a row to mark its n-gram in the sentence; the slider marks the row that came last." +
        unreadRemark(this.explained),
    );
  }
}

define("textcnn-ngrams", NgramAdder);
