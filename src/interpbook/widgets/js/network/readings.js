// What can be read off a result of TextCNN.explain: scores/views.py and parts of scores/explanations.py.

import { dot, maxAbs, sum } from "./numbers.js";

/**
 * One number a word, seen from a label (Xu & Du 2020, section 4.3).
 * local: the word's entry in the label's column of B, in logits.
 * global: s = (H(o - B[i], y) - H(o, y)) / H(o, y), clipped to -clip..clip (equation 13, mended).
 */
export function wordView(result, label, how, clip = 5) {
  if (how === "local") return result.tokens.map((_, i) => result.wordScores[i][label]);
  const odds = logOdds(result.logits, label);
  return logOddsFalls(result, label).map((fall) => clippedAt(relativeLoss(odds, fall), clip));
}

/** D: by how much a label's log odds fall without each word's row of B. */
function logOddsFalls({ logits, wordScores, tokens }, label) {
  const odds = logOdds(logits, label);
  return tokens.map((_, i) => odds - logOdds(logits.map((logit, q) => logit - wordScores[i][q]), label));
}

/** A class against all others together: log(P / (1 - P)), in logits. */
function logOdds(logits, label) {
  const others = logits.filter((_, q) => q !== label);
  const largest = Math.max(...others);
  return logits[label] - largest - Math.log(sum(others.map((logit) => Math.exp(logit - largest))));
}

/** What takes one class less the mean of the others, in logits: weights for a row of A or B. */
export function contrast(label, classes) {
  return Array.from({ length: classes }, (_, q) => (q === label ? 1 : -1 / (classes - 1)));
}

/** The words of a window; null where it reaches past the text. */
export function windowWords(result, start, width) {
  return Array.from({ length: width }, (_, j) => result.tokens[start + j] ?? null);
}

/**
 * The n-grams that filters chose, the most decisive first: [{start, width, filters, score}], the
 * score in logits for the label less the mean of the others. Dead filters chose nothing.
 */
export function ngrams(result, label) {
  const weights = contrast(label, result.logits.length);
  return gather(result, (p) => dot(result.ngramScores[p], weights));
}

/** The n-grams that filters chose, with the sum of one column of A over their filters, largest first. */
export function ngramsOfColumn(result, label) {
  return gather(result, (p) => result.ngramScores[p][label]);
}

/**
 * The n-grams through which one word speaks, and the logits that it adds to the label through each.
 * Together with its shares of the bias in the windows of dead filters they sum to its row of B.
 */
export function ngramsOfWord(model, result, position, label) {
  const k = result.pooled.length;
  return gather(
    result,
    (p) => {
      const u = result.slots[p][position - result.starts[p]]; // the word's slot in p's best window
      return model.weight(p, label) * u + model.biases[label] / (k * result.widths[p]);
    },
    (p) => position >= result.starts[p] && position < result.starts[p] + result.widths[p],
  );
}

/**
 * Put filters together that chose the same window. Dead filters, and those that do not count, are left
 * out:
 *
 *   words         the   film  is    not   bad
 *   filter 4           [film  is    not]           start 1, width 3: one entry,
 *   filter 9           [film  is    not]           with the sum of both scores
 *   filter 12                [is    not]           start 2, width 2: another entry
 */
function gather(result, score, counts = () => true) {
  const windows = new Map();
  result.pooled.forEach((best, p) => {
    if (best <= 0 || !counts(p)) return;
    const [start, width] = [result.starts[p], result.widths[p]];
    const key = `${start} ${width}`;
    if (!windows.has(key)) windows.set(key, { start, width, filters: [], score: 0 });
    const found = windows.get(key);
    found.filters.push(p);
    found.score += score(p);
  });
  return [...windows.values()].sort(
    (a, b) => Math.abs(b.score) - Math.abs(a.score) || a.start - b.start || a.width - b.width,
  );
}

export const NOTABLE_SHARE = 0.05; // of the strongest score: as much as gets a word a colour

/**
 * Both views of a text from a label, and where they part; lists have one entry a word. `fall` is D, `free`
 * s before it is clipped; `opposed` are words of another sign, `moved` those two places or more apart, among
 * those that stand out in one of the views.
 */
export function viewsOf(read, label, clip) {
  if (!read.tokens.length) return { local: [], global: [], free: [], fall: [], opposed: [], moved: [] };
  const odds = logOdds(read.logits, label);
  const [local, fall] = [wordView(read, label, "local"), logOddsFalls(read, label)];
  const free = fall.map((each) => relativeLoss(odds, each));
  const [globalPlace, localPlace] = [placesOf(fall), placesOf(local)];
  const global = free.map((s) => clippedAt(s, clip));
  const notable = [local, fall].map((scores) => {
    const largest = maxAbs(scores);
    return scores.map((score) => Math.abs(score) >= NOTABLE_SHARE * largest);
  });
  const stands = (i) => notable[0][i] || notable[1][i];
  const opposed = local.map((score, i) => stands(i) && score * fall[i] < 0);
  const moved = local.map((_, i) => stands(i) && Math.abs(globalPlace[i] - localPlace[i]) >= 2);
  return { local, global, free, fall, odds, globalPlace, localPlace, opposed, moved };
}

/** The place of each score in the order from the largest down, beginning with 1. */
function placesOf(scores) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const found = [];
  order.forEach((i, n) => (found[i] = n + 1));
  return found;
}

export function clippedAt(s, clip) {
  return Math.min(Math.max(s, -clip), clip);
}

/**
 * s of a row whose leaving lets log odds fall: log(1 + exp(-(odds - fall))) / log(1 + exp(-odds)) - 1.
 * Where the loss is too small for a double, one that grows does so infinitely.
 */
export function relativeLoss(odds, fall) {
  const [before, after] = [odds, odds - fall].map(
    (each) => Math.log1p(Math.exp(-Math.abs(each))) + Math.max(-each, 0), // a tiny loss keeps its digits
  );
  if (before > 0) return (after - before) / before;
  return after > before ? Infinity : 0;
}
