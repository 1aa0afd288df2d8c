// <textcnn-filters model="imdb">: open one filter: its votes, its wishes, and what it chooses in a text.

import { argmax, maxAbs } from "../network/numbers.js";
import { windowWords } from "../network/readings.js";
import { UNKNOWN } from "../network/text.js";
import { choice, controls, slider, textBox } from "../parts/controls.js";
import { bar, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { modelChoices } from "../parts/models.js";
import { colouredText } from "../parts/text.js";
import { EMPTY_PLACE, NO_WORD, quoted, signed, unreadRemark } from "../parts/wording.js";

const SHOWN_WISHES = 5;

/**
 * Attributes: model, filter (its number p, from 0), text. `result` holds what the package's
 * FilterProfile does (votes, bias, slots: for each slot the best [word, score] pairs, ideal), and
 * what the filter chose in the text: start, pooled (u_max) and chosen, the slot scores of its window.
 */
class FilterBrowser extends LiveFigure {
  async start() {
    this.name = this.getAttribute("model") ?? "imdb";
    this.vectors = new Map(); // the words' vectors of each model, unpacked once
    this.model = await this.load(this.name);
    this.build();
    this.update();
  }

  build() {
    const [modelField, models] = choice("Model", modelChoices(this.name), this.name, () => this.changeModel());
    const [filterField, filter] = slider(
      "Filter",
      {
        min: 0, max: this.model.filters.length - 1,
        value: this.getAttribute("filter") ?? 0,
        format: (p) => `${p}, width ${this.model.filters[p].width}`,
      },
      () => this.update(),
    );
    const [textField, box] = textBox("Your text", this.getAttribute("text") ?? "", () => this.update());
    this.parts = {
      box, filter, models,
      answer: status(),
      votes: make("div"),
      wishes: make("div"),
      chosen: status(),
      sentence: make("div"),
      window: make("div"),
    };
    const { answer, votes, wishes, chosen, sentence, window } = this.parts;
    this.replaceChildren(
      controls(modelField, filterField),
      answer,
      votes,
      wishes,
      controls(textField),
      chosen,
      sentence,
      window,
    );
  }

  async changeModel() {
    if (!(await this.switchModel(this.parts.models, this.parts.answer))) return;
    this.parts.filter.say();
    this.update();
  }

  /** What every known word of the vocabulary scores in each slot of a filter: n lists of V numbers. */
  slotProfile(p) {
    const { model, name, vectors } = this;
    if (!vectors.has(name)) vectors.set(name, model.embedding.numbers());
    const words = vectors.get(name);
    const { conv, number, width } = model.filters[p];
    const { filters_per_width: f, embedding_dim: m } = model.config;
    return Array.from({ length: width }, (_, j) => {
      const wish = model.convs[conv].slots.subarray((j * f + number) * m, (j * f + number + 1) * m);
      return Float64Array.from(model.words, (_, id) => {
        let sum = 0;
        for (let d = 0; d < m; d++) sum += wish[d] * words[id * m + d];
        return sum;
      });
    });
  }

  update() {
    const p = Number(this.parts.filter.value);
    if (p !== this.profile?.filter || this.name !== this.profile.model) this.profile = this.open(p);
    const read = this.model.explain(this.parts.box.value);
    const start = read.starts[p] ?? null;
    const { width } = this.model.filters[p];
    const ids = read.tokens.map((word) => this.model.id(word));
    const window = start === null ? [] : this.model.layOut(ids).padded.slice(start, start + width);
    const chosen = window.map((id, j) => this.model.slotScore(id, p, j));
    this.reading = read;
    this.publish({
      ...this.profile,
      text: read.text,
      tokens: read.tokens,
      predicted: read.predicted,
      start,
      pooled: read.pooled[p] ?? null,
      chosen,
      row: read.ngramScores[p] ?? [],
    });
    this.drawProfile();
    this.drawChoice();
  }

  /** All that one filter is without a text. */
  open(p) {
    const { model } = this;
    const profile = this.slotProfile(p);
    const slots = profile.map((scores) => {
      const order = [];
      for (let id = UNKNOWN + 1; id < scores.length; id++) {
        if (order.length === SHOWN_WISHES && scores[id] <= scores[order.at(-1)]) continue;
        const place = order.findIndex((better) => scores[id] > scores[better]);
        order.splice(place < 0 ? order.length : place, 0, id);
        order.length = Math.min(order.length, SHOWN_WISHES);
      }
      return order.map((id) => [model.words[id], scores[id]]);
    });
    const { width, bias } = model.filters[p];
    const votes = model.classNames.map((_, q) => model.weight(p, q));
    return {
      model: this.name,
      filter: p,
      width, bias, votes, slots,
      classNames: model.classNames,
      favours: argmax(votes),
      ideal: {
        words: slots.map(([[word]]) => word),
        score: slots.reduce((sum, [[, score]]) => sum + score, bias),
      },
    };
  }

  drawProfile() {
    const { filter, width, bias, votes, classNames, favours, slots, ideal } = this.result;
    say(
      this.parts.answer,
      `Filter ${filter} of width ${width}, bias ${signed(bias, 3)}, votes for ${classNames[favours]}. ` +
        `Its ideal n-gram: ${quoted(ideal.words)}, u = ${signed(ideal.score)}.`,
    );
    const largest = maxAbs(votes);
    this.parts.votes.replaceChildren(
      table(
        "What one unit of v adds to each logit",
        ["class", "vote"],
        classNames.map((name, q) => [name, bar(votes[q], largest, signed(votes[q], 3))]),
      ),
    );
    // One row a slot, so that a phone has room for all slots; a word stays with its score.
    const rows = slots.map((wishes, j) => [
      String(j + 1),
      make(
        "span",
        {},
        ...wishes.flatMap(([word, score], rank) => [
          rank ? ", " : "",
          make(rank ? "span" : "strong", {}, `${word}\u00a0${signed(score)}`),
        ]),
      ),
    ]);
    this.parts.wishes.replaceChildren(
      table(
        "The words that each slot likes best; the first of each make the ideal n-gram",
        ["slot", "words and their scores"],
        rows,
      ),
    );
  }

  drawChoice() {
    const { tokens, start, pooled, chosen, width, bias, row, classNames, filter } = this.result;
    const { chosen: line, sentence, window } = this.parts;
    if (!tokens.length) {
      say(line, NO_WORD);
      return sentence.replaceChildren(), window.replaceChildren();
    }
    const { readText, spans, known } = this.reading;
    const words = windowWords(this.reading, start, width);
    say(
      line,
      `In your text it chooses ${quoted(words)}, u_max = ${signed(pooled)}: ` +
        (pooled > 0 ? "alive, it speaks." : "below zero, so ReLU silences it.") +
        unreadRemark(this.reading),
    );
    const within = (i) => i >= start && i < start + width;
    sentence.replaceChildren(
      colouredText({
        text: readText,
        spans, known,
        scores: tokens.map((_, i) => (within(i) ? chosen[i - start] : 0)),
        labelAbove: 0.01,
        name: `Your text and the window of filter ${filter}`,
        describe: (i) =>
          within(i) ? `${tokens[i]}: slot ${i - start + 1}, score ${signed(chosen[i - start])}` : tokens[i],
        mark: (i) => (within(i) ? "live-window" : ""),
      }),
    );
    const largest = maxAbs(chosen, [bias]);
    window.replaceChildren(
      table(
        "Its best window, slot by slot",
        ["slot", "word", "score"],
        [
          ...words.map((word, j) => [String(j + 1), word ?? EMPTY_PLACE, bar(chosen[j], largest)]),
          ["bias", "", bar(bias, largest, signed(bias, 3))],
          [make("strong", {}, "u_max"), "", signed(pooled)],
        ],
      ),
      note(
        pooled > 0
          ? `Its row of A: ${row.map((value, q) => `${classNames[q]} ${signed(value, 3)}`).join(", ")}.`
          : "Its row of A holds nothing but its share of the output biases.",
      ),
    );
  }
}

define("textcnn-filters", FilterBrowser);
