// <textcnn-views model="ag_news" text="..." seen-from="World">: the two views of one text, one above the
// other, where they part, and the curve from the fall of the log odds to the global score.

import { maxAbs, softmax } from "../network/numbers.js";
import { clippedAt, relativeLoss, viewsOf } from "../network/readings.js";
import { evenTicks, lineChart } from "../parts/chart.js";
import { classChoice, clipSlider, controls, orTry, setClasses, textBox } from "../parts/controls.js";
import { bar, folded, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { colouredText, frameWords, redrawText, wordsOf } from "../parts/text.js";
import { NO_WORD, colourKey, howMany, percent, signed, unreadRemark } from "../parts/wording.js";

/**
 * Attributes: model, text, seen-from (a class), clip. Data: `texts`, a list of {model, text, seenFrom}
 * to choose from. `result` has, for each word, `local` (B), `fall` (D), `free` (s, not clipped),
 * `global` (clipped), and its place in either order.
 */
class ViewsFigure extends LiveFigure {
  async start() {
    this.name = this.getAttribute("model");
    this.model = await this.load(this.name);
    this.clip = Number(this.getAttribute("clip") ?? 5);
    this.position = null; // the word on whose place the views differ most, until the reader chooses
    this.build();
    this.show(this.getAttribute("text") ?? "", this.getAttribute("seen-from"));
  }

  build() {
    const [textField, box] = textBox("Your text", "", () => this.update());
    const [labelField, labels] = classChoice("Seen from", this.model.classNames, null, (label) => {
      this.label = label;
      this.update();
    });
    const [clipField] = clipSlider("Clip at λ (global view)", this.clip, (value) => {
      this.clip = value;
      this.update();
    });
    const given = this.data.texts ?? [];
    const others = orTry(given.map(({ text }) => text), (_, i) => this.change(given[i]));
    const [global, local, chart, row] = Array.from({ length: 4 }, () => make("div"));
    const details = folded("All words in numbers");
    const found = make(
      "div",
      {},
      make("p", { class: "live-name" }, "Global view: what the loss does without the word’s row of B"),
      global,
      make("p", { class: "live-name" }, "Local view: the word’s logits for the class"),
      local,
    );
    this.parts = { box, labels, answer: status(), legend: note(), found, global, local, chart, row, details };
    const { answer, legend } = this.parts;
    found.append(legend, row, chart, details);
    this.replaceChildren(
      controls(textField),
      ...(others.length ? [make("p", { class: "live-examples" }, ...others)] : []),
      controls(labelField, clipField),
      answer,
      found,
    );
  }

  /** Show a text of the list, which may need another model. */
  async change({ model: name, text, seenFrom }) {
    this.wanted = text;
    const model = await this.loadWanted(name, this.parts.answer, () => this.wanted === text);
    if (!model) return;
    [this.model, this.name] = [model, name];
    this.show(text, seenFrom);
  }

  show(text, seenFrom) {
    const label = this.model.classNames.indexOf(seenFrom);
    this.label = label < 0 ? null : label; // the predicted class
    this.position = null;
    this.parts.box.value = text;
    this.update();
  }

  update() {
    const read = this.model.explain(this.parts.box.value);
    const label = this.label ?? Math.max(read.predicted, 0);
    this.read = read;
    this.drawLabels();
    this.parts.found.hidden = !read.tokens.length;
    const { text, tokens } = read;
    const views = viewsOf(read, label, this.clip);
    this.publish({ ...views, model: this.name, text, tokens, label, clip: this.clip });
    if (!read.tokens.length) return say(this.parts.answer, NO_WORD);
    if (!(this.position < read.tokens.length)) this.position = null;
    const { globalPlace, localPlace, opposed, moved, fall } = this.result;
    // The word that the views differ about most; if there is none, the strongest.
    const apart = (i) => (opposed[i] || moved[i] ? Math.abs(globalPlace[i] - localPlace[i]) + 1 : 0);
    const further = (i, best) => apart(i) - apart(best) || Math.abs(fall[i]) - Math.abs(fall[best]);
    this.position ??= read.tokens.reduce((best, _, i) => (further(i, best) > 0 ? i : best), 0);
    this.drawAnswer();
    this.drawViews();
    this.drawTable();
    this.drawWord();
  }

  drawLabels() {
    const { probabilities, classNames } = this.read;
    const chance = (q) => (probabilities.length ? ` (${percent(probabilities[q], 0)})` : "");
    setClasses(this.parts.labels, classNames.map((name, q) => name + chance(q)), this.label);
  }

  drawAnswer() {
    const { tokens, classNames, probabilities } = this.read;
    const { label, globalPlace, localPlace, opposed, moved, free, local } = this.result;
    const [globally, locally] = [
      [globalPlace, free],
      [localPlace, local],
    ].map(([places, scores]) => {
      const most = places.indexOf(1);
      return scores[most] > 0 ? `“${tokens[most]}”` : "no word";
    });
    const first =
      globally === locally
        ? `${globally} speaks most for it in both views`
        : `${globally} speaks most for it in the global view, ${locally} in the local one`;
    const count = (marks) => marks.filter(Boolean).length;
    const apart = [
      count(opposed) && `about the sign of ${howMany(count(opposed), "word")} (≠)`,
      count(moved) && `about the place of ${howMany(count(moved), "word")} (↕)`,
    ].filter(Boolean);
    say(
      this.parts.answer,
      `Seen from ${classNames[label]}, which has ${percent(probabilities[label])}, ${first}. ` +
        (apart.length ? `They differ ${apart.join(" and ")}.` : "No sign differs, and no place by more than one.") +
        unreadRemark(this.read),
    );
  }

  drawViews() {
    const { readText, tokens, spans, known, classNames } = this.read;
    const { label, local, global, free, globalPlace, localPlace, opposed, moved } = this.result;
    const cut = (i) => Math.abs(free[i]) >= this.clip;
    const apart = (i) =>
      (opposed[i] ? ", the views differ in sign" : "") +
      (moved[i] ? `, place ${globalPlace[i]} globally and ${localPlace[i]} locally` : "");
    const shared = {
      text: readText,
      spans, known,
      selected: this.position,
      onselect: (i) => this.choose(i),
      mark: (i) =>
        (i === this.position ? "live-chosen " : "") +
        (opposed[i] ? "live-opposed" : moved[i] ? "live-moved" : ""),
    };
    const said = (i) => `${signed(global[i])}${cut(i) ? (free[i] > 0 ? " or more" : " or less") : ""} times the loss`;
    const globally = colouredText({
      ...shared,
      scores: global,
      name: `Global view from ${classNames[label]}: arrow keys move`,
      describe: (i) => `${tokens[i]}: ${said(i)}${apart(i)}`,
    });
    wordsOf(globally).forEach((word, i) => {
      const { number } = word.dataset;
      if (cut(i) && number) word.dataset.number = `${free[i] > 0 ? "≥" : "≤"} ${number}`;
    });
    redrawText(this.parts.global, globally);
    redrawText(
      this.parts.local,
      colouredText({
        ...shared,
        scores: local,
        name: `Local view from ${classNames[label]}: arrow keys move`,
        describe: (i) => `${tokens[i]}: ${signed(local[i])} logits${apart(i)}`,
      }),
    );
    say(
      this.parts.legend,
      `${colourKey(classNames[label])}. ≠ marks a word whose sign ` +
        "differs between the views, ↕ one that is two places or more further up or down in the order of one of them.",
    );
  }

  choose(position) {
    if (position === this.position) return;
    this.position = position;
    for (const view of [this.parts.global, this.parts.local]) {
      frameWords(view, (i) => i === position);
      wordsOf(view).forEach((word, i) => (word.tabIndex = i === position ? 0 : -1));
    }
    this.drawWord();
  }

  /** The chosen word's row of B against the rivals, and its place on the curve. */
  drawWord() {
    const { tokens, wordScores, logits, classNames } = this.read;
    const { label, odds, fall, free } = this.result;
    const [i, name] = [this.position, classNames[this.result.label]];
    const shares = softmax(logits.map((logit, q) => (q === label ? -Infinity : logit)));
    const gaps = wordScores[i].map((score) => wordScores[i][label] - score);
    const largest = maxAbs(wordScores[i], gaps);
    this.parts.row.replaceChildren(
      table(
        `“${tokens[i]}” in B, and ${name} less each rival`,
        ["class", "row of B", `${name} less it`, "weight"],
        classNames.map((rival, q) => [
          q === label ? make("strong", {}, rival) : rival,
          bar(wordScores[i][q], largest),
          q === label ? "" : bar(gaps[q], largest),
          q === label ? "" : percent(shares[q], 0),
        ]),
      ),
      note(
        `Without this row the log odds of ${name} go from ${signed(odds)} to ${signed(odds - fall[i])}: ` +
          `a fall of D = ${signed(fall[i])}, the weighted mean of the differences (the large ones count more). ` +
          `The loss changes by s = ${signed(free[i])} times what it is.`,
      ),
    );
    this.drawCurve();
  }

  /** s over D for this text's log odds, the words as dots on it. */
  drawCurve() {
    const { tokens, classNames } = this.read;
    const { label, odds, fall, global, free } = this.result;
    const ends = [Math.min(...fall, -0.5), Math.max(...fall, 0.5)];
    const room = 0.06 * (ends[1] - ends[0]);
    const x = { name: "D: fall of the log odds without the word’s row", min: ends[0] - room, max: ends[1] + room };
    const highest = Math.max(...global, 0);
    const lowest = Math.min(...global, 0);
    const y = { name: "s: relative change of the loss", min: lowest - 0.1 * (highest - lowest + 0.1) };
    y.max = highest + 0.25 * (highest - lowest + 0.1);
    for (const axis of [x, y]) axis.ticks = evenTicks(axis.min, axis.max);
    const steps = Array.from({ length: 121 }, (_, n) => x.min + (n / 120) * (x.max - x.min));
    const inside = ([, s]) => s >= y.min && s <= y.max;
    const uncut = steps.map((D) => [D, relativeLoss(odds, D)]);
    const lines = [
      { points: uncut.map(([D, s]) => [D, clippedAt(s, this.clip)]).filter(inside) },
      { points: uncut.filter(([, s]) => Math.abs(s) >= this.clip).filter(inside), kind: "live-line-3" },
    ];
    const [i, others] = [this.position, tokens.map((_, j) => j).filter((j) => j !== this.position)];
    this.parts.chart.replaceChildren(
      lineChart({
        name:
          `The score s over the fall D for log odds of ${signed(odds)}: a rising curve through zero, cut at ` +
          `${this.clip}. “${tokens[i]}” has D ${signed(fall[i])} and s ${signed(free[i])}.`,
        x, y, lines,
        level: highest >= this.clip ? { at: this.clip, name: `λ = ${this.clip}` } : undefined,
        marks: [
          ...others.map((j) => ({ at: [fall[j], global[j]], kind: "live-pale" })),
          { at: [fall[i], global[i]], name: tokens[i] },
        ],
      }),
      note(`The curve of this text, whose log odds of ${classNames[label]} are ${signed(odds)}; each dot is a word.`),
    );
  }

  drawTable() {
    const { local, localPlace, global, globalPlace, fall, free, opposed, moved } = this.result;
    const order = this.read.tokens.map((_, i) => i).sort((a, b) => globalPlace[a] - globalPlace[b]);
    this.parts.details.lastChild.replaceWith(
      table(
        "All words, in the order of the global view",
        ["word", "D", "s", "global", "place", "local", "place", "differ"],
        order.map((i) => [
          this.read.tokens[i],
          signed(fall[i]),
          signed(free[i]),
          signed(global[i]),
          String(globalPlace[i]),
          signed(local[i]),
          String(localPlace[i]),
          [opposed[i] && "≠ sign", moved[i] && "↕ place"].filter(Boolean).join(", "),
        ]),
      ),
    );
  }
}

define("textcnn-views", ViewsFigure);
