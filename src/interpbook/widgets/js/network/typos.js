// An attack with typos: the package's attacks/typos.py, rankings.py and searches.py.

import { logitsWithoutEach } from "./changes.js";
import { argmax, softmax, sum } from "./numbers.js";
import { UNKNOWN, tokenize } from "./text.js";

// As in attacks/typos.py: digits and Latin letters that a reader takes for each other.
const LOOK_ALIKES = {
  a: "4", b: "8", e: "3", g: "9", i: "1", l: "1", o: "0", q: "9", s: "5",
  t: "7", u: "v", v: "u", z: "2", 0: "o", 1: "l", 5: "s",
  A: "4", B: "8", E: "3", G: "9", I: "1", O: "0", Q: "9", S: "5",
  T: "7", U: "V", V: "U", Z: "2",
};

// Signs in the place of those at i (and i + 1, for a swap), null if there is no such typo.
const WAYS = [
  (signs, i) => (LOOK_ALIKES[signs[i]] ? [LOOK_ALIKES[signs[i]]] : null), // look-alike
  (signs, i) => (i + 1 < signs.length ? [signs[i + 1], signs[i]] : null), // swap two neighbours
  () => [], // drop one
  (signs, i) => [signs[i], signs[i]], // double one
];

/**
 * The word with one typo that makes it unknown to the model; null if no single one does. Look-alikes
 * are tried first, at every place in turn from one that seed and word decide: as `misspell` does.
 */
function misspell(model, word, seed = 0) {
  const signs = Array.from(word);
  const first = crc32(`${seed} ${word}`) % Math.max(signs.length, 1);
  for (const [number, way] of WAYS.entries())
    for (let turn = 0; turn < signs.length; turn++) {
      const i = (first + turn) % signs.length;
      const put = way(signs, i);
      if (!put) continue;
      const taken = number === 1 ? 2 : 1; // a swap takes two signs
      const candidate = [...signs.slice(0, i), ...put, ...signs.slice(i + taken)].join("");
      if (candidate !== word && isUnknown(model, candidate)) return candidate;
    }
  return null;
}

/** Say whether a text is exactly one word, and none that the model knows. */
function isUnknown(model, candidate) {
  const [only, ...more] = tokenize(candidate, model.lowercase);
  return (
    only !== undefined &&
    !more.length &&
    only.start === 0 &&
    only.end === candidate.length &&
    !model.ids.has(only.word)
  );
}

/** The checksum of a text's UTF-8 bytes that zip files use, and Python's zlib.crc32. */
function crc32(text) {
  let check = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    check ^= byte;
    for (let bit = 0; bit < 8; bit++) check = (check >>> 1) ^ (check & 1 ? 0xedb88320 : 0);
  }
  return ~check >>> 0;
}

/** The label's logit less the best other one: the prediction has fallen when it is below zero. */
function margin(logits, label) {
  return logits[label] - Math.max(...logits.filter((_, q) => q !== label));
}

/**
 * How each ranking scores the words of a document, the highest first, and whether it is asked again
 * after each change. `ids` are the document as it stands, `scores` its decomposition.
 */
export const RANKINGS = {
  word_scores: { name: "B, from the text as written", again: false, rank: entriesOfB },
  updated_word_scores: { name: "B, updated after each change", again: true, rank: entriesOfB },
  gradient: { name: "length of the gradient (Text-fool)", again: false, rank: gradientLengths },
  exact: {
    name: "exact effect of each change",
    again: true,
    rank: (model, ids, scores, label) =>
      logitsWithoutEach(model, ids).map((logits) => -margin(logits, label)),
  },
  random: { name: "drawn by lot", again: false, rank: (model, ids) => ids.map(() => Math.random()) },
};

/** Each word's entry of B in the label's column. */
function entriesOfB(model, ids, scores, label) {
  return ids.map((_, i) => scores.wordScores[i][label]);
}

/**
 * The length of the gradient of the cross entropy with respect to each word's vector. Only the best
 * windows of filters that speak pass it on, slot by slot:
 *
 *   words                         x0    x1    x2    x3
 *   filter p, width 2, start 1         [slot0 slot1]        w_(p,j) times the sum of (p_q - y_q) w_(q,p)
 */
function gradientLengths(model, ids, scores, label) {
  const { embedding_dim: m, filters_per_width: f } = model.config;
  // dH/do = p - y; the label's entry as a sum, because 1 - p loses its digits in a sure model.
  const slope = softmax(scores.logits);
  slope[label] = 0;
  slope[label] = -sum(slope);
  const gradients = scores.wordScores.map(() => new Float64Array(m));
  model.filters.forEach(({ width, conv, number }, p) => {
    if (scores.pooled[p] <= 0) return;
    const share = sum(slope.map((value, q) => value * model.weight(p, q)));
    const { slots } = model.convs[conv];
    for (let j = 0; j < width; j++) {
      const gradient = gradients[scores.starts[p] + j];
      for (let d = 0; d < m; d++) gradient[d] += share * slots[(j * f + number) * m + d];
    }
  });
  return ids.map((_, i) => Math.hypot(...gradients[i]));
}

/** The way of one text through an attack, one change at a time, forth and back. */
export class TypoAttack {
  /**
   * The label under attack is the class that the model predicts for the text as written.
   *
   * @param {TextCNN} model
   * @param {string} text
   * @param {string} ranking a key of RANKINGS
   * @param {number} budget the most changes
   */
  constructor(model, text, ranking, budget) {
    Object.assign(this, { model, text, ranking, budget, changes: [] });
    this.written = model.explain(text);
    this.label = this.written.predicted;
    const ids = this.written.tokens.map((word) => model.id(word));
    this.states = ids.length ? [this.#state(ids)] : [];
    this.typos = this.written.spans.map(({ start, end }) => misspell(model, text.slice(start, end)));
  }

  /** A state of the text; its ranking is worked out unless an older one stays in force. */
  #state(ids) {
    const { again, rank } = RANKINGS[this.ranking];
    const scores = this.model.decompose(ids);
    const order =
      again || !this.states?.length ? rank(this.model, ids, scores, this.label) : this.states[0].order;
    return { ids, logits: scores.logits, order };
  }

  get now() {
    return this.states.at(-1);
  }

  get margins() {
    return this.states.map(({ logits }) => margin(logits, this.label));
  }

  /** Whether a word may be changed: known to the model, and with a typo that it does not know. */
  isFree(position) {
    return this.now.ids[position] !== UNKNOWN && this.typos[position] !== null;
  }

  /** The free word that the ranking puts first, the first among equals; null if none is left. */
  get next() {
    let best = null;
    this.now?.order.forEach((score, i) => {
      if (this.isFree(i) && (best === null || score > this.now.order[best])) best = i;
    });
    return best;
  }

  /** Why the attack has ended, in the package's words; "" while it may go on. */
  get outcome() {
    if (!this.states.length) return "no word";
    const { logits } = this.now;
    if (argmax(logits) !== this.label) return "prediction changed";
    if (this.changes.length >= this.budget) return "budget spent";
    return this.next === null ? "no word left" : "";
  }

  change(position) {
    const { start, end } = this.written.spans[position];
    this.states.push(this.#state(this.now.ids.map((id, i) => (i === position ? UNKNOWN : id))));
    const before = this.text.slice(start, end);
    this.changes.push({ position, start, end, before, after: this.typos[position] });
  }

  undo() {
    this.states.pop();
    this.changes.pop();
  }

  /** The text with all changes made. */
  get rewritten() {
    const fromTheEnd = [...this.changes].sort((a, b) => b.start - a.start);
    return fromTheEnd.reduce(
      (text, { start, end, after }) => text.slice(0, start) + after + text.slice(end),
      this.text,
    );
  }
}
