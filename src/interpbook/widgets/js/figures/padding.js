// <textcnn-padding model="imdb">: one sentence under two padding modes, the weights the same.

import { maxAbs, sum } from "../network/numbers.js";
import { choice, controls, radios, textBox } from "../parts/controls.js";
import { bar, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { modelChoices } from "../parts/models.js";
import { colouredText } from "../parts/text.js";
import { EMPTY_PLACE, NO_WORD, percent, signed, unreadRemark } from "../parts/wording.js";

const MODES = {
  masked: "off: windows start and end inside the text",
  paper: "on: the text counts as padded, as in the paper",
};
const KINDS = ["words only", "words and padding", "padding only"];

/**
 * Attributes: model, text, padding (the mode to begin with). `result` holds under `masked` and under
 * `paper` what TextCNN.explain returns, in `windows` how many filters chose each kind of window, and how
 * many of these are alive, and in `lastWord` how many are alive and have the last word of the text in
 * their window; `label` is the class that B is shown for.
 */
class PaddingFigure extends LiveFigure {
  async start() {
    this.name = this.getAttribute("model") ?? "imdb";
    this.mode = this.getAttribute("padding") ?? "masked";
    this.model = await this.load(this.name);
    this.build();
    this.update();
  }

  build() {
    const [textField, box] = textBox("Your sentence", this.getAttribute("text") ?? "", () => this.update());
    const [modelField, models] = choice("Model", modelChoices(this.name), this.name, () => this.changeModel());
    const modeField = radios("Padding", Object.entries(MODES), this.mode, (event) => {
      this.mode = event.target.value;
      this.update();
    });
    this.parts = {
      box, models,
      answer: status(),
      sentence: make("div"),
      behind: note(),
      logits: make("div", { class: "live-sums" }),
      windows: make("div"),
    };
    const { answer, sentence, behind, logits, windows } = this.parts;
    this.replaceChildren(
      controls(textField, modelField, modeField),
      answer,
      sentence,
      behind,
      logits,
      windows,
    );
  }

  async changeModel() {
    if (!(await this.switchModel(this.parts.models, this.parts.answer))) return;
    this.update();
  }

  update() {
    const text = this.parts.box.value;
    const found = {};
    for (const mode of Object.keys(MODES)) {
      const read = this.model.explain(text, mode);
      found[mode] = { ...read, windows: windowKinds(read), lastWord: readersOfLastWord(read) };
    }
    // Both modes are seen from one class, so that what they say of a word can be compared.
    this.publish({ text, model: this.name, mode: this.mode, label: found.masked.predicted, ...found });
    this.drawAnswer();
    this.drawSentence();
    this.drawTables();
  }

  drawAnswer() {
    const { masked, paper, mode } = this.result;
    if (!masked.tokens.length) return say(this.parts.answer, NO_WORD);
    const answer = ({ predicted, probabilities, classNames }) =>
      `${classNames[predicted]}, ${percent(probabilities[predicted])}`;
    const [here, there] = mode === "masked" ? [masked, paper] : [paper, masked];
    const same = masked.predicted === paper.predicted;
    say(
      this.parts.answer,
      `Padding ${mode === "masked" ? "off" : "on"}: ${answer(here)}. ` +
        `${mode === "masked" ? "On" : "Off"}: ${answer(there)}. ` +
        (same ? "The prediction stays." : "The prediction changes."),
    );
  }

  /** The sentence with B of the mode, and after it the places of padding that a window covers. */
  drawSentence() {
    const { mode, label, masked, paper, [mode]: shown } = this.result;
    const { sentence, behind } = this.parts;
    const { tokens, spans, known, wordScores, classNames, readText } = shown;
    if (!tokens.length) {
      say(behind, "");
      return sentence.replaceChildren();
    }
    const count = tokens.length;
    const covered = shown.starts.map((start, p) => start + shown.widths[p]);
    const places = Math.max(Math.max(...covered) - count, 0);
    const scores = wordScores.slice(0, count + places).map((row) => row[label]);
    const signs = Array.from({ length: places }, (_, i) => {
      const start = readText.length + 1 + 2 * i;
      return { start, end: start + 1 };
    });
    const name = (i) => (i < count ? tokens[i] : `padding, place ${i - count + 1} behind the text`);
    sentence.replaceChildren(
      colouredText({
        text: readText + ` ${EMPTY_PLACE}`.repeat(places),
        spans: [...spans, ...signs],
        known: [...known, ...signs.map(() => true)],
        scores,
        strongest: maxAbs(...[masked, paper].map((one) => one.wordScores.map((row) => row[label]))),
        name: `B for ${classNames[label]}, padding ${mode === "masked" ? "off" : "on"}`,
        describe: (i) => `${name(i)}: ${signed(scores[i])} logits`,
      }),
    );
    const rest = sum(scores.slice(count));
    say(
      behind,
      `Colours and numbers are B for ${classNames[label]}, on one scale for both modes. ` +
        (places
          ? "A dot is padding that a filter’s best window covers; " +
            `together these ${places} rows of B give ${signed(rest)}.`
          : "No filter’s best window covers padding.") +
        unreadRemark(shown),
    );
  }

  drawTables() {
    const { masked, paper } = this.result;
    const { logits, windows } = this.parts;
    if (!masked.tokens.length) return logits.replaceChildren(), windows.replaceChildren();
    const largest = maxAbs(masked.logits, paper.logits);
    logits.replaceChildren(
      table(
        "The logits, with the same weights",
        ["class", "padding off", "padding on"],
        masked.classNames.map((name, q) => [
          name,
          ...[masked, paper].map((read) => bar(read.logits[q], largest, signed(read.logits[q], 3))),
        ]),
      ),
    );
    const cell = ({ filters, alive }) => (filters ? `${filters}, alive ${alive}` : "0");
    windows.replaceChildren(
      table(
        `What the ${masked.pooled.length} filters chose`,
        ["window", "padding off", "padding on"],
        [
          ...KINDS.map((kind, i) => [kind, cell(masked.windows[i]), cell(paper.windows[i])]),
          ["alive, and reading the last word", String(masked.lastWord), String(paper.lastWord)],
        ],
      ),
    );
  }
}

/** How many filters chose a window of words only, of words and padding, of padding only. */
function windowKinds({ tokens, starts, widths, pooled }) {
  const kinds = KINDS.map(() => ({ filters: 0, alive: 0 }));
  starts.forEach((start, p) => {
    const kind = start >= tokens.length ? 2 : start + widths[p] > tokens.length ? 1 : 0;
    kinds[kind].filters += 1;
    if (pooled[p] > 0) kinds[kind].alive += 1;
  });
  return kinds;
}

/** How many filters are alive and have the last word in the window that they chose. */
function readersOfLastWord({ tokens, starts, widths, pooled }) {
  const last = tokens.length - 1;
  return starts.filter((start, p) => pooled[p] > 0 && start <= last && last < start + widths[p]).length;
}

define("textcnn-padding", PaddingFigure);
