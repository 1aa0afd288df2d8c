// A trained TextCNN in the reader's browser: tokenizer, vocabulary, forward pass, and the exact
// split of its logits into n-gram scores A and word scores B (Xu & Du 2020, equations 1 to 11).
//
// It is the package's models/text_cnn.py, models/slots.py and scores/matrices.py in one file, and
// gives the same numbers; tests/browser/test_live_parity.py holds it to that. It knows nothing of pages.
//
// Letters are the papers': a document has l words, a word's vector m numbers; filters 0 to k - 1 are f of
// each width n, one width after the other; classes are q, filters p, windows i, slots j.

import { argmax, softmax } from "./numbers.js";
import { PADDING, UNKNOWN, tokenize } from "./text.js";
import { readSafetensors } from "./weights.js";

/** One classifier, read from the bytes of a safetensors file that `interpbook.widgets.weights` wrote. */
export class TextCNN {
  /** @param {ArrayBuffer} bytes */
  constructor(bytes) {
    const { metadata, tensors } = readSafetensors(bytes);
    const description = JSON.parse(metadata.classifier);
    this.config = description.config;
    this.classNames = description.class_names;
    this.lowercase = description.lowercase;
    this.words = description.words;
    this.card = description.card;
    this.ids = new Map(this.words.map((word, id) => [word, id]));
    this.embedding = tensors["embedding.weight"];
    this.weights = tensors["output.weight"].numbers(); // (c, k), row by row
    this.biases = tensors["output.bias"].numbers(); // (c)
    this.convs = this.config.widths.map((width, i) => ({
      width,
      slots: this.#slotWeights(tensors[`convs.${i}.weight`].numbers(), width),
      biases: tensors[`convs.${i}.bias`].numbers(),
    }));
    this.filters = this.convs.flatMap(({ width, biases }, conv) =>
      Array.from(biases, (bias, number) => ({ width, bias, conv, number })),
    );
    this.tables = new Map();
  }

  /** The id of a word, 1 if the model does not know it. */
  id(word) {
    return this.ids.get(word) ?? UNKNOWN;
  }

  /** w_(q,p): what one unit of filter p's v adds to the logit of class q. */
  weight(filter, label) {
    return this.weights[label * this.filters.length + filter];
  }

  /**
   * Lay the slots of all filters of a width side by side, so that a word's vector is multiplied with one
   * after the other. The file has the last index in the middle here, where filter p has n slots of m:
   *
   *   file   filter p > dimension d > slot j    number (p m + d) n + j
   *   here   slot j > filter p > dimension d    number (j f + p) m + d
   *
   *          | slot 0                      | slot 1                      |
   *          | p = 0 | p = 1 | ... | f - 1 | p = 0 | p = 1 | ... | f - 1 |    m numbers in each cell
   */
  #slotWeights(weights, width) {
    const { filters_per_width: f, embedding_dim: m } = this.config;
    const slots = new Float32Array(weights.length);
    for (let p = 0; p < f; p++)
      for (let d = 0; d < m; d++)
        for (let j = 0; j < width; j++)
          slots[(j * f + p) * m + d] = weights[(p * m + d) * width + j];
    return slots;
  }

  /**
   * What a word is worth in each slot of each filter, whatever stands beside it: for each width an
   * array of n f numbers, w_j . x of filter p at j f + p (the cells of #slotWeights, a number each).
   * Computed once a word; typing changes one or two words.
   */
  slotScores(id) {
    let scores = this.tables.get(id);
    if (!scores) {
      const vector = this.embedding.row(id);
      scores = this.convs.map(({ slots }) => {
        const products = new Float64Array(slots.length / vector.length);
        for (let s = 0, at = 0; s < products.length; s++) {
          let sum = 0;
          for (let d = 0; d < vector.length; d++) sum += slots[at++] * vector[d];
          products[s] = sum;
        }
        return products;
      });
      this.tables.set(id, scores);
    }
    return scores;
  }

  /** w_j . x of one filter: what a word is worth in its slot j. */
  slotScore(id, filter, slot) {
    const { conv, number } = this.filters[filter];
    return this.slotScores(id)[conv][slot * this.config.filters_per_width + number];
  }

  /**
   * Pad one document as far as the padding mode asks, and say how far its windows may reach.
   * "masked": windows start on a word. "paper": the document counts as padded to max_length; all
   * windows of padding alone score the same, so one of them stands for the rest.
   *
   *   widths 1, 3            l = 4                      l = 1
   *   masked                 w w w w                    w . .
   *     width 1 starts at    0 1 2 3                    0            (not on padding)
   *     width 3 starts at    0 1                        0
   *   paper                  w w w w . . .              w . . .
   *     width 3 starts at    0 1 2 3 4                  0 1          (the last one is padding alone)
   */
  layOut(ids, padding = this.config.padding) {
    const widest = Math.max(...this.config.widths);
    if (padding === "paper" && !this.config.max_length)
      throw new Error("padding as in the paper goes up to max_length, and this model has none");
    const end =
      padding === "masked"
        ? Math.max(ids.length, widest)
        : Math.min(ids.length + widest, this.config.max_length);
    const padded = [...ids, ...new Array(end - ids.length).fill(PADDING)];
    const limit = padding === "masked" ? ids.length : end;
    return { padded, windows: (width) => Math.min(end - width + 1, limit) };
  }

  /**
   * u_i of one filter for each of its windows, bias included, as they stand in a laid out document. A
   * window goes down a diagonal of the words' tables:
   *
   *              word 0   word 1   word 2   word 3
   *   slot 0        .       [x]       .        .
   *   slot 1        .        .       [x]       .         window i = 1 of width 3: u_1 = the three x + bias
   *   slot 2        .        .        .       [x]
   */
  windowScores(laidOut, filter) {
    const { conv, number, bias, width } = this.filters[filter];
    const f = this.config.filters_per_width;
    const tables = laidOut.padded.map((id) => this.slotScores(id)[conv]);
    return Array.from({ length: laidOut.windows(width) }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += tables[i + j][j * f + number];
      return sum + bias;
    });
  }

  /**
   * Split a document's logits over n-grams (A) and words (B). With v_p = ReLU(u_max) of filter p and
   * i its first best window, A[p][q] = w_(q,p) v_p + b_q / k, and the word in slot j of that window
   * gets w_(q,p) u_(i,j) + b_q / (k n), where u_(i,j) = w_j . x + b_p / n if u_max > 0, else 0.
   * The columns of both sum to the logits.
   *
   *   padded document       x0    x1    x2    x3    x4          l = 5
   *   filter p, n = 3             [u_max, i = 1  ]              row p of A: one number a class
   *   rows of B                   +j=0  +j=1  +j=2              slot j adds to row i + j of B
   *
   * @param {number[]} ids at least one, at most max_length; the ids of its words
   * @returns {{logits: number[], ngramScores: number[][], wordScores: number[][], pooled: number[],
   *   starts: number[], widths: number[], slots: number[][]}} ngramScores is A (k, c); wordScores is
   *   B (l, c), l the padded length; slots holds u_(i,j) of every filter's best window
   */
  decompose(ids, padding = this.config.padding) {
    const laidOut = this.layOut(ids, padding);
    const k = this.filters.length;
    const classes = this.classNames.length;
    const logits = Array.from(this.biases);
    const wordScores = laidOut.padded.map(() => new Array(classes).fill(0));
    const [ngramScores, pooled, starts, slots] = [[], [], [], []];
    this.filters.forEach(({ width, bias }, p) => {
      const scores = this.windowScores(laidOut, p);
      let start = 0;
      for (let i = 1; i < scores.length; i++) if (scores[i] > scores[start]) start = i;
      const best = scores[start];
      const v = Math.max(best, 0);
      const shares = Array.from({ length: width }, (_, j) => {
        if (best <= 0) return 0;
        return this.slotScore(laidOut.padded[start + j], p, j) + bias / width;
      });
      const row = logits.map((_, q) => this.weight(p, q) * v + this.biases[q] / k);
      for (let q = 0; q < classes; q++) {
        logits[q] += this.weight(p, q) * v;
        shares.forEach((u, j) => {
          wordScores[start + j][q] += this.weight(p, q) * u + this.biases[q] / (k * width);
        });
      }
      ngramScores.push(row);
      pooled.push(best);
      starts.push(start);
      slots.push(shares);
    });
    const widths = this.filters.map(({ width }) => width);
    return { logits, ngramScores, wordScores, pooled, starts, widths, slots };
  }

  /**
   * Explain the prediction for a text. Without a word to read there is no prediction: all lists are
   * empty then, and `predicted` is -1.
   */
  explain(text, padding = this.config.padding) {
    const found = tokenize(text, this.lowercase);
    const spans = found.slice(0, this.config.max_length ?? found.length);
    const tokens = spans.map(({ word }) => word);
    const scores = tokens.length
      ? this.decompose(tokens.map((word) => this.id(word)), padding)
      : { logits: [], ngramScores: [], wordScores: [], pooled: [], starts: [], widths: [], slots: [] };
    const unread = found.length - spans.length;
    return {
      text,
      readText: unread ? text.slice(0, spans.at(-1).end) : text,
      tokens,
      spans,
      unread,
      known: tokens.map((word) => this.ids.has(word)),
      classNames: this.classNames,
      probabilities: softmax(scores.logits),
      predicted: argmax(scores.logits),
      ...scores,
    };
  }
}
