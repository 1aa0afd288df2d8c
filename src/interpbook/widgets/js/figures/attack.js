// <textcnn-attack model="imdb">: misspell one word after the other until the prediction falls.

import { argmax, softmax } from "../network/numbers.js";
import { RANKINGS, TypoAttack } from "../network/typos.js";
import { evenTicks, lineChart } from "../parts/chart.js";
import { button, choice, controls, textBox } from "../parts/controls.js";
import { make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { modelChoices } from "../parts/models.js";
import { colouredText, wordsOf } from "../parts/text.js";
import { NO_WORD, howMany, percent, signed, unreadRemark } from "../parts/wording.js";

const BUDGET = 10;

/**
 * Attributes: model, text, ranking (a key of RANKINGS), budget. `result` holds what the
 * package's AttackResult does (changes, logits, label, ranking, outcome, which is "" while the attack
 * may go on), the changed text, and `next`, the place of the word that the ranking proposes.
 */
class AttackPlayground extends LiveFigure {
  async start() {
    this.budget = Number(this.getAttribute("budget") ?? BUDGET);
    this.name = this.getAttribute("model") ?? "imdb";
    this.model = await this.load(this.name);
    this.build();
    this.restart();
  }

  build() {
    const [textField, box] = textBox("Your text", this.getAttribute("text") ?? "", () => this.restart(), 3);
    const [modelField, models] = choice("Model", modelChoices(this.name), this.name, () => this.changeModel());
    const rankings = Object.entries(RANKINGS).map(([key, { name }]) => [key, name]);
    const [rankingField, ranking] = choice(
      "The attack takes the word that is first by",
      rankings,
      this.getAttribute("ranking") ?? rankings[0][0],
      () => this.restart(),
    );
    this.parts = {
      box, models, ranking,
      next: button("Next change", () => this.change(this.attack.next)),
      undo: button("Undo", () => this.undo()),
      again: button("Start again", () => this.restart()),
      answer: status(),
      proposal: make("p"),
      sentence: make("div"),
      word: note(),
      legend: note(),
      curve: make("div"),
      steps: make("div"),
    };
    const { next, undo, again, answer, proposal, sentence, word, legend, curve, steps } = this.parts;
    this.replaceChildren(
      controls(textField, modelField, rankingField),
      controls(next, undo, again),
      answer,
      proposal,
      sentence,
      word,
      legend,
      curve,
      steps,
    );
  }

  async changeModel() {
    if (!(await this.switchModel(this.parts.models, this.parts.answer))) return;
    this.restart();
  }

  /** A new text, model or ranking is a new attack. */
  restart() {
    this.attack = new TypoAttack(this.model, this.parts.box.value, this.parts.ranking.value, this.budget);
    this.update();
  }

  change(position) {
    this.attack.change(position);
    this.update(position);
  }

  undo() {
    this.attack.undo();
    this.update();
  }

  /** Draw the attack as it stands; `position` is the word that was changed last. */
  update(position = null) {
    const { changes, states, label, ranking, text, outcome, next, rewritten, margins } = this.attack;
    this.publish({
      text, rewritten, model: this.name, ranking, label, changes, outcome, next, margins,
      classNames: this.model.classNames,
      logits: states.map(({ logits }) => logits),
      probabilities: states.map(({ logits }) => softmax(logits)[label]),
      scores: states.length ? this.attack.now.order : [],
    });
    this.parts.next.setAttribute("aria-disabled", outcome !== "");
    for (const control of [this.parts.undo, this.parts.again])
      control.setAttribute("aria-disabled", !changes.length);
    say(
      this.parts.legend,
      "Colour is the ranking’s score of a word: blue with a solid line above zero, orange with a dotted one " +
        `below. The word in a frame is next.${unreadRemark(this.attack.written)}`,
    );
    this.drawAnswer();
    this.drawText(position);
    this.drawCurve();
    this.drawSteps();
  }

  drawAnswer() {
    const { outcome, changes, classNames, label, logits, margins, model, next } = this.result;
    if (outcome === "no word") {
      say(this.parts.answer, NO_WORD);
      return this.parts.proposal.replaceChildren();
    }
    const chances = softmax(logits.at(-1));
    const says = argmax(chances);
    const count = howMany(changes.length, "change");
    const state = `${classNames[says]}, ${percent(chances[says])}; margin ${signed(margins.at(-1))}`;
    const endings = {
      "": `${changes.length ? `After ${count}` : "As written"}: ${state}.`,
      "prediction changed": `The prediction fell after ${count}: ${state}.`,
      "budget spent": `The budget of ${count} is used up and the prediction holds: ${state}.`,
      "no word left": `No word is left that a typo makes unknown, and the prediction holds: ${state}.`,
    };
    say(this.parts.answer, endings[outcome]);
    this.parts.proposal.replaceChildren(
      ...(outcome === ""
        ? ["Next by this ranking: ", make("strong", {}, this.wordAt(next)), ` → ${this.attack.typos[next]}.`]
        : ["The label under attack was ", make("strong", {}, classNames[label]), "."]),
    );
  }

  wordAt(position) {
    const { start, end } = this.attack.written.spans[position];
    return this.attack.text.slice(start, end);
  }

  /** The text as it stands: changed words carry their number and, struck out, what they were. */
  drawText(position) {
    const held = this.parts.sentence.contains(document.activeElement) || null;
    const { written, text, label } = this.attack;
    const { scores, changes, next, outcome, classNames } = this.result;
    if (!scores.length) return this.parts.sentence.replaceChildren(), this.parts.word.replaceChildren();
    const turn = new Map(changes.map((change, number) => [change.position, number + 1]));
    const selected = position ?? next ?? 0;
    // What is changed has no score any more; what cannot be changed keeps its own.
    const shown = scores.map((score, i) => (turn.has(i) ? 0 : this.colour(score)));
    const drawing = colouredText({
      text: written.readText,
      spans: written.spans,
      known: written.known,
      scores: shown,
      labelAbove: Infinity,
      name: `Your text under attack on ${classNames[label]}: arrow keys move, Enter changes a word`,
      describe: (i) => this.describe(i, turn),
      mark: (i) => (turn.has(i) ? "live-typo" : i === next && outcome === "" ? "live-chosen" : ""),
      selected,
      onselect: (i) => say(this.parts.word, `${this.describe(i, turn)}.`),
    });
    const words = wordsOf(drawing);
    words.forEach((word, i) => {
      if (turn.has(i)) {
        word.replaceChildren(make("s", {}, this.wordAt(i)), " ", this.attack.typos[i]);
        word.dataset.number = turn.get(i);
      }
      word.addEventListener("click", () => {
        if (outcome === "" && this.attack.isFree(i)) this.change(i);
      });
    });
    this.parts.sentence.replaceChildren(drawing);
    say(this.parts.word, `${this.describe(selected, turn)}.`);
    if (held) words[selected].focus();
  }

  /** Colour says how much the ranking makes of a word; a lot has no colour. */
  colour(score) {
    const { ranking, margins } = this.result;
    if (ranking === "random") return 0;
    return ranking === "exact" ? margins.at(-1) + score : score;
  }

  describe(i, turn) {
    const { scores, ranking, next, outcome } = this.result;
    const word = this.wordAt(i);
    const typo = this.attack.typos[i];
    // The words as they are seen come first, together, so that a name to be spoken is what is shown.
    if (turn.has(i)) return `${word} ${typo}, change number ${turn.get(i)}`;
    const unit = {
      word_scores: `B ${signed(scores[i])}`,
      updated_word_scores: `B ${signed(scores[i])}`,
      gradient: `length of the gradient ${scores[i].toPrecision(3)}`,
      exact: `margin ${signed(-scores[i])} after its change`,
      random: "",
    }[ranking];
    const place = this.attack.isFree(i)
      ? i === next && outcome === "" ? `next, as ${typo}` : `typo ${typo}`
      : this.attack.now.ids[i] > 1 ? "no typo makes it unknown" : "unknown to the model already";
    return [word, unit, place].filter(Boolean).join(", ");
  }

  drawCurve() {
    const { margins, label, classNames } = this.result;
    if (!margins.length) return this.parts.curve.replaceChildren();
    const top = Math.max(...margins, 0.5) * 1.08;
    const bottom = Math.min(...margins, -0.2 * top) * 1.08; // room for the name of the level
    const ticks = evenTicks(bottom, top, 4).map(([value, text]) => [value, (value > 0 ? "+" : "") + text]);
    this.parts.curve.replaceChildren(
      lineChart({
        name:
          `Margin of ${classNames[label]} in logits, as written and after each change: ` +
          `${margins.map((margin) => signed(margin)).join(", ")}`,
        x: {
          name: "changed words", min: 0, max: this.budget,
          ticks: Array.from({ length: this.budget + 1 }, (_, i) => [i, String(i)]),
        },
        y: { name: `margin of ${classNames[label]}, in logits`, min: bottom, max: top, ticks },
        // Under the line, on the side where the curve does not cross it.
        level: { at: 0, name: "below: prediction fallen", under: true, left: 2 * (margins.length - 1) > this.budget },
        lines: [{ name: "margin", points: margins.map((margin, i) => [i, margin]), dots: true }],
      }),
    );
  }

  drawSteps() {
    const { changes, margins, probabilities, classNames, label } = this.result;
    if (!margins.length) return this.parts.steps.replaceChildren();
    const steps = ["as written", ...changes.map(({ before, after }) => `${before} → ${after}`)];
    this.parts.steps.replaceChildren(
      table(
        "Change by change",
        ["change", "word", `probability of ${classNames[label]}`, "margin"],
        steps.map((step, i) => [String(i), step, percent(probabilities[i]), signed(margins[i])]),
      ),
    );
  }
}

define("textcnn-attack", AttackPlayground);
