// <textcnn-tokens model="imdb">: type a text, see the row of ids that a network reads instead.

import { argmax, softmax } from "../network/numbers.js";
import { PADDING, UNKNOWN, tokenize } from "../network/text.js";
import { boxedText } from "../parts/boxes.js";
import { controls, orTry, slider, textBox } from "../parts/controls.js";
import { make, note, say, status } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { NO_WORD, howMany, percent } from "../parts/wording.js";

const SPECIAL_WORDS = ["<pad>", "<unk>"];
const ROUND_STEPS = [1, 1.5, 2, 3, 5, 7];
const ROW_LENGTHS = [
  ...Array.from({ length: 16 }, (_, i) => i + 1),
  ...[18, 20, 24, 30, 40, 50, 70, 100, 150, 200, 300, 400],
];

/**
 * Attributes: model, text, words (how many are on the list) and length (places in the row).
 * `result` holds what is shown: `tokens`, `ids` (of all words), `known`, `words`, `row` (ids of the
 * row), `cut` and `padding` (how many words the row leaves out, how many places it leaves empty),
 * `logits` and `predicted` (-1 without a word).
 */
class TokenReader extends LiveFigure {
  async start() {
    const { examples = [] } = this.data;
    this.model = await this.load();
    const all = this.model.words.length - SPECIAL_WORDS.length;
    this.listSizes = [0, ...roundNumbers(all), all];
    this.rowLengths = ROW_LENGTHS.filter((length) => length <= (this.model.config.max_length ?? Infinity));
    this.words = nearest(this.listSizes, Number(this.getAttribute("words") ?? all));
    this.length = nearest(this.rowLengths, Number(this.getAttribute("length") ?? 10));
    this.build(this.getAttribute("text") ?? "", examples);
    this.update();
  }

  build(text, examples) {
    const [textField, box] = textBox("Your text", text, () => this.update());
    const [wordsField] = sliderOver("Words on the list", this.listSizes, this.words, (words) => {
      this.words = words;
      this.update();
    });
    const [lengthField] = sliderOver("Places in the row", this.rowLengths, this.length, (length) => {
      this.length = length;
      this.update();
    });
    const show = (example) => {
      box.value = example;
      this.update();
    };
    this.parts = {
      box,
      answer: status(),
      text: make("div", { class: "live-scroller" }),
      row: make("div"),
      says: status(),
    };
    this.replaceChildren(
      controls(textField),
      make(
        "p",
        { class: "live-examples", hidden: !examples.length },
        ...orTry(examples, show),
      ),
      controls(wordsField, lengthField),
      this.parts.answer,
      this.parts.text,
      note(
        "Solid box: on the list, its id below. Dashed box, in italics: not on the list, read as id 1. " +
          "A line through a sign: no word, dropped. A line through a whole box: cut off.",
      ),
      this.parts.row,
      this.parts.says,
    );
  }

  update() {
    const { model, words, length } = this;
    const text = this.parts.box.value;
    const spans = tokenize(text, model.lowercase);
    const tokens = spans.map(({ word }) => word);
    const list = words + SPECIAL_WORDS.length;
    const ids = tokens.map((word) => (model.id(word) < list ? model.id(word) : UNKNOWN));
    const read = ids.slice(0, length);
    const logits = read.length ? model.decompose(read).logits : [];
    this.publish({
      text, spans, tokens, ids, words, logits,
      model: this.getAttribute("model"),
      known: ids.map((id) => id !== UNKNOWN),
      row: [...read, ...new Array(length - read.length).fill(PADDING)],
      cut: ids.length - read.length,
      padding: length - read.length,
      predicted: argmax(logits),
    });
    this.drawAnswer();
    this.drawText();
    this.drawRow();
  }

  drawAnswer() {
    const { tokens, known, words, logits, predicted, cut, padding } = this.result;
    const found = known.filter(Boolean).length;
    const rest = [
      cut && `the row has no place for the last ${howMany(cut, "word")}`,
      padding && `${howMany(padding, "place")} of the row ${padding === 1 ? "is" : "are"} padding`,
    ].filter(Boolean);
    say(
      this.parts.answer,
      tokens.length
        ? `${found} of ${howMany(tokens.length, "word")} ${tokens.length === 1 ? "is" : "are"} on a list of ` +
            `${words.toLocaleString("en")}${rest.map((remark) => `; ${remark}`).join("")}.`
        : NO_WORD,
    );
    say(
      this.parts.says,
      tokens.length
        ? `The model is given this row and nothing else. It answers ${this.model.classNames[predicted]}, ` +
            `${percent(softmax(logits)[predicted])}.`
        : "",
    );
  }

  drawText() {
    const { text, spans, tokens, ids, known, words } = this.result;
    const cut = (i) => i >= this.length;
    const why = (i) =>
      this.model.ids.has(tokens[i])
        ? `word ${(this.model.id(tokens[i]) - 1).toLocaleString("en")} by frequency, ` +
          `not on a list of ${words.toLocaleString("en")}`
        : "not in the model’s vocabulary";
    const [holder, boxes] = boxedText({
      text, spans,
      strike: true,
      name: "Your text, word by word: arrow keys move",
      below: (i) => (cut(i) ? "cut" : ids[i]),
      mark: (i) => `${known[i] ? "" : "live-unknown"} ${cut(i) ? "live-cut" : ""}`,
      describe: (i) =>
        `${text.slice(spans[i].start, spans[i].end)}: ` +
        (known[i] ? `“${tokens[i]}”, id ${ids[i]}` : `unknown, id 1, ${why(i)}`) +
        (cut(i) ? ", cut off" : `, place ${i + 1}`),
      onselect: (i) => this.mark(i),
    });
    this.boxes = boxes;
    this.parts.text.replaceChildren(holder);
  }

  /** The row of ids, place by place; below each id what it stands for. */
  drawRow() {
    const { row, padding } = this.result;
    const cells = row.map((id, i) => {
      const empty = i >= row.length - padding;
      const kind = empty ? "live-padding" : id === UNKNOWN ? "live-unknown" : "";
      return make(
        "li",
        { class: `live-place ${kind}`, onpointerenter: () => this.mark(i) },
        make("span", { class: "live-id" }, String(id)),
        " ",
        make("span", {}, id < SPECIAL_WORDS.length ? SPECIAL_WORDS[id] : this.model.words[id]),
      );
    });
    const places = howMany(row.length, "place");
    const name = `The row that the network reads, ${places}: ids, and what they stand for`;
    this.cells = cells;
    this.parts.row.replaceChildren(
      make("p", { class: "live-name" }, "What the network reads"),
      make("ol", { class: "live-row", "aria-label": name, tabindex: 0 }, ...cells),
    );
  }

  /** Mark a word in the text and its place in the row. */
  mark(place) {
    for (const marked of [...this.boxes, ...this.cells]) marked.classList.remove("live-chosen");
    this.boxes[place]?.classList.add("live-chosen");
    this.cells[place]?.classList.add("live-chosen");
  }
}

/** A slider over a list of numbers, `value` one of them. */
function sliderOver(name, numbers, value, oninput) {
  const format = (i) => numbers[i].toLocaleString("en");
  const options = { min: 0, max: numbers.length - 1, value: numbers.indexOf(value), format };
  return slider(name, options, (i) => oninput(numbers[i]));
}

function nearest(numbers, value) {
  const off = (number) => Math.abs(number - value);
  return numbers.reduce((best, number) => (off(number) < off(best) ? number : best));
}

/** 1, 2, 3, 5, 7, 10, 15, 20 and so on, all below a limit. */
function roundNumbers(limit) {
  const numbers = [];
  for (let power = 1; power < limit; power *= 10)
    numbers.push(...ROUND_STEPS.map((step) => step * power).filter((n) => Number.isInteger(n) && n < limit));
  return numbers;
}

define("textcnn-tokens", TokenReader);
