// What can be read off a result of TextCNN.explain: views.py and parts of explanations.py.

/** The two views of B: what a word adds for the label, and what the loss does without its row. */
export const VIEWS = ["local", "global"];

/**
 * One number a word, seen from a label (Xu & Du 2020, section 4.3).
 * local: the word's entry in the label's column of B, in logits.
 * global: s = (H(o - B[i], y) - H(o, y)) / H(o, y), clipped to -clip..clip (equation 13, mended).
 */
export function wordView(result, label, how, clip = 5) {
  const rows = result.wordScores.slice(0, result.tokens.length);
  if (how === "local") return rows.map((row) => row[label]);
  const before = crossEntropy(result.logits, label);
  return rows.map((row) => {
    const after = crossEntropy(result.logits.map((logit, q) => logit - row[q]), label);
    const change = before > 0 ? (after - before) / before : after > before ? Infinity : 0;
    return Math.min(Math.max(change, -clip), clip);
  });
}

function crossEntropy(logits, label) {
  const others = logits.filter((_, q) => q !== label);
  const largest = Math.max(...others);
  const rivals =
    largest + Math.log(others.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  const odds = logits[label] - rivals; // the label's log odds; log(1 + exp(-odds)) keeps its digits
  return Math.log1p(Math.exp(-Math.abs(odds))) + Math.max(-odds, 0);
}

/** What takes one class less the mean of the others, in logits: weights for a row of A or B. */
export function contrast(label, classes) {
  return Array.from({ length: classes }, (_, q) =>
    q === label ? 1 : classes === 1 ? 0 : -1 / (classes - 1),
  );
}

export function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

export function columnSums(rows, columns) {
  const sums = new Array(columns).fill(0);
  for (const row of rows) row.forEach((value, q) => (sums[q] += value));
  return sums;
}

/** The words of a window; null where it reaches behind the text. */
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

/**
 * The n-grams through which one word speaks, and the logits that it adds to the label through each.
 * Together with its shares of the bias in the windows of dead filters they sum to its row of B.
 */
export function ngramsOfWord(model, result, position, label) {
  const k = result.pooled.length;
  return gather(
    result,
    (p) => {
      const u = result.slots[p][position - result.starts[p]];
      return model.weight(p, label) * u + model.biases[label] / (k * result.widths[p]);
    },
    (p) => position >= result.starts[p] && position < result.starts[p] + result.widths[p],
  );
}

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
