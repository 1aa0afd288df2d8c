// <textcnn-swap model="imdb" text="...">: choose a word and what comes in its place; see what B expects
// beside what the model really does, and which filters chose another n-gram.

import {
  UNKNOWN_SHOWN, filterFates, gatherFates, sumOfFates, textWithSwap, withReplaced,
} from "../network/changes.js";
import { argmax, maxAbs, softmax, strongest } from "../network/numbers.js";
import { UNKNOWN, tokenize } from "../network/text.js";
import { classChoice, controls, field, orTry, radios, textBox } from "../parts/controls.js";
import { bar, folded, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { colouredText, frameWords, ngramText, redrawText } from "../parts/text.js";
import {
  NO_WORD, colourKey, movesBy, percent, signed, unknownRemark, unreadRemark,
  whole,
} from "../parts/wording.js";

const WAYS = [
  ["deleted", "nothing: it is deleted"],
  ["unknown", "the unknown word"],
  ["word", "a word of yours"],
];
const FATES = {
  kept: "keep their window, new word and all",
  elsewhere: "choose another n-gram",
  silent: "fall silent",
  other: "others that change",
  dead: "were silent: shares of the bias",
};
const ROWS = 12;

/**
 * Attributes: model, text, word (the one to begin with), instead ("deleted", "unknown" or a word),
 * offer (words to try, with commas). `result` has the text, the position, what stands there now
 * (`others`), and for each class `expected` (-B[i]) and `exact`, the changes of the logits.
 */
class SwapFigure extends LiveFigure {
  async start() {
    this.model = await this.load();
    this.label = null; // the predicted class, until the reader chooses
    this.position = null; // the strongest word, until the reader chooses
    const instead = this.getAttribute("instead") ?? "unknown";
    this.way = ["deleted", "unknown"].includes(instead) ? instead : "word";
    const offered = (this.getAttribute("offer") ?? "").split(",").map((word) => word.trim()).filter(Boolean);
    this.build(this.way === "word" ? instead : (offered[0] ?? ""), offered);
    const first = this.model.explain(this.parts.box.value).tokens.indexOf(this.getAttribute("word"));
    if (first >= 0) this.position = first;
    this.update();
  }

  build(typed, offered) {
    const [textField, box] = textBox("Your sentence", this.getAttribute("text") ?? "", () => this.update());
    const ways = radios("In the place of the chosen word", WAYS, this.way, (event) => {
      this.way = event.target.value;
      this.update();
    });
    const oninput = () => this.put(word.value);
    const word = make("input", { type: "text", spellcheck: "false", size: 14, oninput });
    word.value = typed;
    const [labelField] = classChoice("Seen from", this.model.classNames, null, (label) => {
      this.label = label;
      this.update();
    });
    const offers = orTry(offered, (text) => this.put(text));
    const ngrams = folded("Which n-grams the filters chose before, and which now");
    const [sentence, changes, after, fates] = Array.from({ length: 4 }, () => make("div"));
    const [answer, legend, found] = [status(), note(), make("div", {}, changes, after, fates, ngrams)];
    this.parts = { box, ways, word, answer, sentence, legend, found, changes, after, fates, ngrams };
    this.replaceChildren(
      controls(textField),
      sentence,
      legend,
      controls(ways, field("Your word", word), labelField),
      ...(offers.length ? [make("p", { class: "live-examples" }, ...offers)] : []),
      answer,
      found,
    );
  }

  /** Put a word of the reader's in the place of the chosen one. */
  put(word) {
    if (this.parts.word.value !== word) this.parts.word.value = word;
    this.way = "word";
    for (const input of this.parts.ways.querySelectorAll("input")) input.checked = input.value === "word";
    this.update();
  }

  update() {
    this.before = this.model.explain(this.parts.box.value);
    const { tokens, wordScores, predicted } = this.before;
    this.seenFrom = this.label ?? Math.max(predicted, 0);
    if (!(this.position < tokens.length)) this.position = null;
    if (tokens.length) this.position ??= strongest(tokens.map((_, i) => wordScores[i][this.seenFrom]));
    this.drawSentence();
    this.compare();
  }

  /** What stands in the word's place now: words as the model reads them, and as the page shows them. */
  get others() {
    if (this.way === "deleted") return { words: [], ids: [], shown: "" };
    if (this.way === "unknown") return { words: [UNKNOWN_SHOWN], ids: [UNKNOWN], shown: UNKNOWN_SHOWN };
    const words = tokenize(this.parts.word.value, this.model.lowercase).map(({ word }) => word);
    return { words, ids: words.map((word) => this.model.id(word)), shown: this.parts.word.value.trim() };
  }

  /** Run the model on the changed text, and set what B expects beside what it says. */
  compare() {
    const { before, model, position, others, seenFrom: label } = this;
    const { text, tokens, logits } = before;
    const name = this.getAttribute("model");
    const shown = { text, tokens, model: name, label, position, logits, others: others.words };
    const missing = this.missing;
    this.parts.found.hidden = Boolean(missing);
    if (missing) {
      say(this.parts.answer, missing);
      return this.publish({ ...shown, expected: [], exact: [] });
    }
    // Words beyond the model's limit stay unread, even if a deletion would let one of them in.
    const change = (words, put) => withReplaced(words, position, put).slice(0, model.config.max_length ?? undefined);
    const ids = change(tokens.map((word) => model.id(word)), others.ids);
    this.after = { ...model.decompose(ids), tokens: change(tokens, others.words) };
    const expected = before.wordScores[position].map((score) => -score);
    const exact = this.after.logits.map((logit, q) => logit - logits[q]);
    const fates = filterFates(model, before, this.after, position, others.ids.length, label);
    this.publish({ ...shown, expected, exact, logitsAfter: this.after.logits, fates });
    this.drawAnswer();
    this.drawChanges();
    this.drawChanged();
    this.drawFilters();
  }

  get missing() {
    const { tokens } = this.before;
    if (!tokens.length) return NO_WORD;
    if (this.way === "word" && !this.others.words.length)
      return `Write a word to put in the place of “${tokens[this.position]}”.`;
    if (tokens.length + this.others.words.length < 2)
      return `Without “${tokens[this.position]}” there is no word left to read.`;
    return null;
  }

  get swapped() {
    const word = this.before.tokens[this.position];
    return this.way === "deleted"
      ? `Without “${word}”`
      : `With ${this.way === "unknown" ? "the unknown word" : `“${this.others.shown}”`} for “${word}”`;
  }

  drawAnswer() {
    const { label, expected, exact, logits, logitsAfter } = this.result;
    const { classNames, predicted, probabilities } = this.before;
    const now = softmax(logitsAfter);
    const says = argmax(logitsAfter);
    const gap = Math.abs(exact[label] - expected[label]);
    say(
      this.parts.answer,
      `${this.swapped}: B expects the logit of ${classNames[label]} (${signed(logits[label])}) to ` +
        `${movesBy(expected[label], "rise", "fall", "stay")}; it ${movesBy(exact[label], "rises", "falls", "stays")}. ` +
        `B is off by ${gap.toFixed(2)}. The model said ${classNames[predicted]}, ${percent(probabilities[predicted], 0)}; ` +
        `now ${says === predicted ? "" : `${classNames[says]}, `}${percent(now[says], 0)}.`,
    );
  }

  drawChanges() {
    const { expected, exact } = this.result;
    const largest = maxAbs(expected, exact);
    this.parts.changes.replaceChildren(
      table(
        "How the logits change",
        ["class", "B expects", "exact", "B\u00a0is\u00a0off\u00a0by"],
        this.before.classNames.map((name, q) => [
          name,
          bar(expected[q], largest),
          bar(exact[q], largest),
          Math.abs(exact[q] - expected[q]).toFixed(2),
        ]),
      ),
    );
  }

  drawSentence() {
    const { readText, tokens, spans, known, classNames, wordScores } = this.before;
    const scores = tokens.map((_, i) => wordScores[i][this.seenFrom]);
    redrawText(
      this.parts.sentence,
      colouredText({
        text: readText,
        spans, known, scores,
        name: `Your sentence, coloured by B for ${classNames[this.seenFrom]}: arrow keys choose a word`,
        describe: (i) => `${tokens[i]}: ${signed(scores[i])} logits` + unknownRemark(known[i]),
        selected: this.position ?? 0,
        hover: false,
        onselect: (i) => this.choose(i),
        mark: (i) => (i === this.position ? "live-chosen" : ""),
      }),
    );
    say(
      this.parts.legend,
      `${colourKey(classNames[this.seenFrom])}; in logits of B. ` +
        "Click a word, or reach it with Tab and the arrow keys, to take it out." +
        unreadRemark(this.before),
    );
  }

  choose(position) {
    if (position === this.position) return;
    this.position = position;
    frameWords(this.parts.sentence, (i) => i === position);
    this.compare();
  }

  /** The changed text, coloured by its own B, on the scale of the text above. */
  drawChanged() {
    const { classNames, wordScores, unread } = this.before;
    const largest = maxAbs(wordScores.map((row) => row[this.seenFrom]));
    const { text, spans } = textWithSwap(this.before, this.position, this.others);
    const read = spans.slice(0, this.after.tokens.length);
    const scores = read.map((_, i) => this.after.wordScores[i][this.seenFrom]);
    const marks = this.others.words.length;
    this.parts.after.replaceChildren(
      note(`The changed text, coloured by its own B for ${classNames[this.seenFrom]} (same scale):`),
      colouredText({
        text: unread || read.length < spans.length ? text.slice(0, read.at(-1).end) : text,
        spans: read,
        scores,
        strongest: largest,
        known: this.after.tokens.map((word) => this.model.ids.has(word)),
        name: `The changed text: ${this.after.tokens.map((word, i) => `${word} ${signed(scores[i])}`).join(", ")}`,
        describe: (i) => `${this.after.tokens[i]}: ${signed(scores[i])} logits`,
        mark: (i) => (i >= this.position && i < this.position + marks ? "live-chosen" : ""),
      }),
    );
  }

  /** What became of the filters, by fate and, for those who ask, n-gram by n-gram. */
  drawFilters() {
    const { fates, label } = this.result;
    const sums = Object.keys(FATES)
      .map((fate) => ({ fate, ...sumOfFates(fates.filter((one) => one.fate === fate)) }))
      .filter(({ fate, filters, promised }) => filters && (fate !== "dead" || Math.abs(promised) >= 0.005));
    const all = sumOfFates(fates);
    const together = [make("strong", {}, "together"), "", signed(all.promised), signed(all.exact)];
    this.parts.fates.replaceChildren(
      table(
        `The filters that had chosen “${this.before.tokens[this.position]}”, and what they do to ${this.before.classNames[label]}`,
        ["these filters", "number", "B\u00a0expects", "exact"],
        [
          ...sums.map(({ fate, filters, promised, exact }) => [
            FATES[fate],
            String(filters),
            signed(promised),
            signed(exact),
          ]),
          together,
        ],
      ),
    );
    const isNew = (i) => i >= this.position && i < this.position + this.others.words.length;
    const groups = gatherFates(fates.filter(({ fate }) => fate !== "dead"), this.before, this.after);
    const rows = groups.slice(0, ROWS).map(({ was, now, filters, promised, exact }) => [
      drawNgram(was, (i) => i === this.position),
      drawNgram(now, isNew),
      String(filters),
      signed(promised),
      signed(exact),
    ]);
    const more = groups.slice(ROWS);
    if (more.length) {
      const rest = sumOfFates(more);
      rows.push([`${whole(more.length)} more`, "", String(rest.filters), signed(rest.promised), signed(rest.exact)]);
    }
    this.parts.ngrams.hidden = !rows.length;
    this.parts.ngrams.lastChild.replaceWith(
      table(
        "The most decisive first: where B is most wrong",
        ["n-gram before", "n-gram now", "filters", "B\u00a0expects", "exact"],
        rows,
      ),
    );
  }
}

function drawNgram(ngram, isMarked) {
  return ngram ? ngramText(ngram.words, (j) => isMarked(ngram.start + j)) : "none: silent";
}

define("textcnn-swap", SwapFigure);
