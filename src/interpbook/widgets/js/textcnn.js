// A trained TextCNN in the reader's browser: tokenizer, vocabulary, forward pass, and the exact
// split of its logits into n-gram scores A and word scores B (Xu & Du 2020, equations 1 to 11).
//
// It is the package's text.py, models.py, slots.py and decompose.py in one file, and gives the same
// numbers; tests/browser/test_live_parity.py holds it to that. It knows nothing of pages.

export const PADDING = 0;
export const UNKNOWN = 1;

// As in text.py: a letter or digit, then letters, digits and marks; an apostrophe or a joiner without
// width may stand inside.
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’\u200c\u200d][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*/gu;

/** Split a text into words that remember their place: [{word, start, end}]. */
export function tokenize(text, lowercase = true) {
  return Array.from(text.matchAll(WORD), ({ 0: written, index }) => {
    const word = (lowercase ? written.toLowerCase() : written).normalize("NFC");
    return { word: word.replaceAll("’", "'"), start: index, end: index + written.length };
  });
}

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

  /** Lay the slots of all filters of a width side by side: slot j of filter p starts at (j f + p) m. */
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
   * array with w_j . x of filter p at j f + p. Computed once a word; typing changes one or two words.
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

  /**
   * Pad one document as far as the padding mode asks, and say how far its windows may reach.
   * "masked": windows start on a word. "paper": the document counts as padded to max_length; all
   * windows of padding alone score the same, so one of them stands for the rest.
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

  /** u_i of one filter for each of its windows, bias included, as they stand in a laid out document. */
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
   * @param {number[]} ids at least one, at most max_length; the ids of its words
   * @returns {{logits: number[], ngramScores: number[][], wordScores: number[][], pooled: number[],
   *   starts: number[], widths: number[], slots: number[][]}} ngramScores is A (k, c); wordScores is
   *   B (l, c), l the padded length; slots holds u_(i,j) of every filter's best window
   */
  decompose(ids, padding = this.config.padding) {
    const laidOut = this.layOut(ids, padding);
    const k = this.filters.length;
    const f = this.config.filters_per_width;
    const classes = this.classNames.length;
    const logits = Array.from(this.biases);
    const wordScores = laidOut.padded.map(() => new Array(classes).fill(0));
    const [ngramScores, pooled, starts, slots] = [[], [], [], []];
    this.filters.forEach(({ width, bias, conv, number }, p) => {
      const scores = this.windowScores(laidOut, p);
      let start = 0;
      for (let i = 1; i < scores.length; i++) if (scores[i] > scores[start]) start = i;
      const best = scores[start];
      const v = Math.max(best, 0);
      const shares = Array.from({ length: width }, (_, j) => {
        if (best <= 0) return 0;
        const word = laidOut.padded[start + j];
        return this.slotScores(word)[conv][j * f + number] + bias / width;
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
      predicted: scores.logits.indexOf(Math.max(...scores.logits)),
      ...scores,
    };
  }
}

export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Read a safetensors file: eight bytes of length, a header in JSON, then the numbers. */
function readSafetensors(bytes) {
  const length = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const { __metadata__: metadata, ...entries } = header;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(entries))
    tensors[name] = new Packed(dtype, shape, new DataView(bytes, 8 + length + start, end - start));
  for (const [name, tensor] of Object.entries(tensors)) tensor.scales = tensors[`${name}.scale`];
  return { metadata, tensors };
}

/** A tensor as `precision.pack` stores it: float16, or rows of int8 with a float16 scale each. */
class Packed {
  constructor(dtype, shape, view) {
    if (dtype !== "I8" && dtype !== "F16") throw new Error(`weights are I8 or F16, got ${dtype}`);
    [this.dtype, this.shape, this.view] = [dtype, shape, view];
  }

  /** The numbers of one row, as float32. */
  row(i) {
    const size = this.shape.slice(1).reduce((product, n) => product * n, 1);
    return Float32Array.from({ length: size }, (_, d) => this.#number(i * size + d, i));
  }

  /** All numbers, row by row. */
  numbers() {
    const rows = Array.from({ length: this.shape[0] }, (_, i) => this.row(i));
    const numbers = new Float32Array(this.shape.reduce((product, n) => product * n, 1));
    rows.forEach((row, i) => numbers.set(row, i * row.length));
    return numbers;
  }

  #number(at, row) {
    if (this.dtype === "F16") return half(this.view.getUint16(2 * at, true));
    return this.view.getInt8(at) * half(this.scales.view.getUint16(2 * row, true));
  }
}

/** The number that 16 bits stand for. */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
