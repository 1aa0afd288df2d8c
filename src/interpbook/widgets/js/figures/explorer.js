// <textcnn-explorer model="imdb">: type a sentence, see A and B of the real model at once.

import { columnSums, maxAbs, strongest, sum } from "../network/numbers.js";
import { ngramsOfWord, windowWords, wordView } from "../network/readings.js";
import {
  choice, classChoice, clipSlider, controls, orTry, radios, setClasses, textBox,
} from "../parts/controls.js";
import { bar, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { modelChoices } from "../parts/models.js";
import { colouredText, ngramText, redrawText } from "../parts/text.js";
import { NO_WORD, colourKey, howMany, percent, signed, unknownRemark, whole } from "../parts/wording.js";

const EXAMPLES = {
  imdb: [
    "The plot is thin, but the acting is superb and the ending moved me.",
    "The film is not bad at all.",
    "I wanted to like it. Two hours later I was checking my watch.",
  ],
  ag_news: [
    "A court orders the software giant to pay the football league.",
    "The striker scored twice as the champions lost the cup final.",
    "Shares fell after the bank warned of weaker profit.",
  ],
};
const SHOWN_NGRAMS = 8;
const FULL_COLOUR = 0.5; // the least score that a full colour stands for, so that faint words look faint

/**
 * Attributes: model, text, view ("local" or "global"), clip, models (names to choose from).
 * `result` is what TextCNN.explain returned last, with `model` and `label`; a `result` event follows
 * every change. With `permalink` the address bar's fragment may carry sentence and model.
 */
class Explorer extends LiveFigure {
  connectedCallback() {
    super.connectedCallback();
    if (this.hasAttribute("permalink")) addEventListener("hashchange", this.followLink);
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.followLink);
  }

  async start() {
    this.name = this.getAttribute("model") ?? "imdb";
    this.view = this.getAttribute("view") ?? "local";
    this.clip = Number(this.getAttribute("clip") ?? 5);
    this.label = null; // the predicted class, until the reader chooses
    this.position = null; // the strongest word, until the reader points at one
    const link = this.readLink();
    const model = await this.load(link?.model ?? this.name);
    this.name = link?.model ?? this.name;
    this.model = model;
    this.build(link?.text ?? this.getAttribute("text") ?? EXAMPLES[this.name]?.[0] ?? "");
    this.update();
    if (link) this.scrollIntoView();
  }

  get choices() {
    return modelChoices(this.name, this.getAttribute("models")?.split(/\s+/));
  }

  build(text) {
    const [textField, box] = textBox("Your sentence", text, () => this.update());
    const [modelField, models] = choice("Model", this.choices, this.name, () => this.changeModel());
    const [labelField, labels] = classChoice("Seen from", this.model.classNames, this.label, (label) => {
      this.label = label;
      this.update();
    });
    const [clipField] = clipSlider("Clip at λ", this.clip, (value) => {
      this.clip = value;
      this.update();
    });
    const views = [
      ["local", "what it adds to the class (local view)"],
      ["global", "what the loss does without it (global view)"],
    ];
    const viewField = radios("A word’s colour says", views, this.view, (event) => {
      this.view = event.target.value;
      this.update();
    });
    this.parts = {
      box, labels, models, clipField,
      examples: make("p", { class: "live-examples" }),
      answer: status(),
      sentence: make("div"),
      legend: note(),
      word: make("div", { class: "live-panel" }),
      sums: make("div", { class: "live-sums" }),
      card: note(),
      link: make("a", {}, "Link to this sentence"),
    };
    const { examples, answer, sentence, legend, word, sums, card, link } = this.parts;
    this.replaceChildren(
      controls(textField, modelField),
      examples,
      answer,
      sentence,
      legend,
      controls(viewField, labelField, clipField),
      word,
      sums,
      card,
      ...(this.hasAttribute("permalink") ? [make("p", { class: "live-link" }, link)] : []),
    );
    this.describeModel();
  }

  async changeModel() {
    const before = this.name;
    if (!(await this.switchModel(this.parts.models, this.parts.answer))) return false;
    // A sentence that the reader wrote stays; an example makes room for one of the new model.
    if (EXAMPLES[before]?.includes(this.parts.box.value))
      this.parts.box.value = EXAMPLES[this.name]?.[0] ?? this.parts.box.value;
    [this.label, this.position] = [null, null];
    this.describeModel();
    this.update();
    return true;
  }

  /** What depends on the model, not on the sentence. */
  describeModel() {
    const { labels, examples, card } = this.parts;
    const { classNames, filters, words } = this.model;
    setClasses(labels, classNames, this.label);
    examples.replaceChildren(...orTry(EXAMPLES[this.name] ?? [], (text) => this.show(text)));
    const { trained, official, tested, accuracy, whole_accuracy: whole } = this.model.card;
    const share = trained === official ? "" : ` of ${official.toLocaleString("en")}`;
    card.textContent =
      `A TextCNN with ${filters.length} filters, trained on ${trained.toLocaleString("en")}${share} documents. The page ` +
      `carries the ${(words.length - 2).toLocaleString("en")} most frequent words of its vocabulary, a byte a weight` +
      (tested ? `: right on ${percent(accuracy)} of ${tested.toLocaleString("en")} test documents, the whole model on ${percent(whole)}. ` : ". ") +
      (this.source ? "Python gets what you type." : "Nothing that you type leaves this page.");
  }

  /** Show another sentence, as if the reader had typed it. */
  show(text) {
    this.parts.box.value = text;
    this.update();
  }

  update() {
    const result = this.model.explain(this.parts.box.value);
    const label = this.label ?? Math.max(result.predicted, 0);
    this.parts.clipField.hidden = this.view === "local";
    this.scores = wordView(result, label, this.view, this.clip);
    if (!(this.position < result.tokens.length)) this.position = null;
    this.publish({ ...result, model: this.name, label });
    this.drawAnswer();
    this.drawSentence();
    this.drawWord(this.position ?? strongest(this.scores));
    this.drawSums();
    this.parts.link.href = `#${new URLSearchParams({ model: this.name, text: result.text })}`;
  }

  drawAnswer() {
    const { tokens, predicted, probabilities, classNames, known, unread } = this.result;
    if (!tokens.length) return say(this.parts.answer, NO_WORD);
    const unknown = known.filter((is) => !is).length;
    const remarks = [
      `${classNames[predicted]}, ${percent(probabilities[predicted])}`,
      unknown && `the model does not know ${unknown} of ${tokens.length} words (in italics)`,
      unread && `it reads the first ${whole(tokens.length)} words; ${whole(unread)} more are left out`,
    ];
    say(this.parts.answer, `The model says: ${remarks.filter(Boolean).join("; ")}.`);
  }

  drawSentence() {
    const { readText, spans, known, classNames, label, tokens } = this.result;
    const unit = this.view === "local" ? "logits" : "times the loss";
    const cut = (score) => (this.view === "global" && Math.abs(score) >= this.clip ? " or more" : "");
    redrawText(
      this.parts.sentence,
      colouredText({
        text: readText,
        spans, known,
        scores: this.scores,
        strongest: maxAbs(this.scores, [FULL_COLOUR]),
        name: `Your sentence, word by word, seen from ${classNames[label]}: arrow keys move`,
        describe: (i) =>
          `${tokens[i]}: ${signed(this.scores[i])}${cut(this.scores[i])} ${unit}` +
          unknownRemark(known[i]),
        selected: this.position ?? strongest(this.scores),
        onselect: (i) => {
          this.position = i;
          this.drawWord(i);
        },
      }),
    );
    say(
      this.parts.legend,
      `${colourKey(classNames[label])}. The strongest word is darkest. ` +
        (this.view === "local"
          ? `Numbers are logits of ${classNames[label]} alone.`
          : `Numbers are the relative change of the loss without the word’s row of B, at most ${this.clip}; ` +
            "the tables stay in logits.") +
        " Point at a word, or reach it with Tab and the arrow keys, to see its n-grams.",
    );
  }

  /** The n-grams through which a word speaks. */
  drawWord(position) {
    const { tokens, wordScores, label, classNames } = this.result;
    if (!tokens.length) return this.parts.word.replaceChildren();
    const found = ngramsOfWord(this.model, this.result, position, label);
    const row = wordScores[position][label];
    const largest = maxAbs(found.map(({ score }) => score), [row]);
    const rows = found.slice(0, SHOWN_NGRAMS).map(({ start, width, filters, score }) => {
      const words = windowWords(this.result, start, width);
      return [ngramText(words, (j) => start + j === position), String(filters.length), bar(score, largest)];
    });
    const rest = row - sum(found.slice(0, SHOWN_NGRAMS).map(({ score }) => score));
    const more = Math.max(found.length - SHOWN_NGRAMS, 0);
    rows.push([
      more ? `${whole(more)} more n-grams and shares of the bias` : "shares of the bias of silent filters",
      "",
      bar(rest, largest),
    ]);
    rows.push([`together: what B gives “${tokens[position]}”`, "", bar(row, largest)]);
    this.parts.word.replaceChildren(
      found.length
        ? table(
            `“${tokens[position]}” speaks through ${howMany(found.length, "n-gram")}; logits for ${classNames[label]}`,
            ["n-gram", "filters", "logits of this word"],
            rows,
          )
        : note(`No filter chose an n-gram with “${tokens[position]}”; B gives it ${signed(row)}, its shares of the bias.`),
    );
  }

  /** Both column sums beside the logits. */
  drawSums() {
    const { logits, ngramScores, wordScores, classNames } = this.result;
    if (!logits.length) return this.parts.sums.replaceChildren();
    const a = columnSums(ngramScores, logits.length);
    const b = columnSums(wordScores, logits.length);
    const largest = maxAbs(logits);
    this.parts.sums.replaceChildren(
      table(
        "Both matrices add up to the logits",
        ["class", "column of A", "column of B", "logit"],
        classNames.map((name, q) => [name, ...[a, b, logits].map((sums) => bar(sums[q], largest, signed(sums[q], 3)))]),
      ),
    );
  }

  /** The sentence and the model that the address carries, if it does. */
  readLink() {
    if (!this.hasAttribute("permalink")) return null;
    const carried = new URLSearchParams(location.hash.slice(1));
    if (!carried.has("text")) return null;
    const model = carried.get("model");
    const offered = this.choices.some(([name]) => name === model);
    return { text: carried.get("text"), model: offered ? model : this.name };
  }

  followLink = async () => {
    const link = this.dataset.state === "ready" && this.readLink();
    if (!link) return;
    if (link.model !== this.name) {
      this.parts.models.value = link.model;
      if (!(await this.changeModel())) return;
    }
    if (link.text !== this.parts.box.value) this.show(link.text);
  };
}

define("textcnn-explorer", Explorer);
