// What the logits do when a word goes: B's prediction, the exact change, and where the two part.
// The exact changes and their six parts are those of scores/effects.py and scores/swaps.py.

import { windowWords } from "./readings.js";
import { UNKNOWN, tokenize } from "./text.js";

export const UNKNOWN_SHOWN = "[unknown]"; // how a page writes the unknown word

/** The ids of a text in which other words, none or more, stand in the place of one. */
export function withReplaced(ids, position, others) {
  return [...ids.slice(0, position), ...others, ...ids.slice(position + 1)];
}

/**
 * The logits after each single word went, one row a word (l, c): it becomes another word, the unknown
 * one by default, or it is deleted (`null`). Without its only word a text has no logits.
 *
 * Only windows that held word i change: of width n those that start at i - n + 1 to i. The best of all
 * others comes from maxima to either side. With n = 3 and i = 4:
 *
 *   windows start at    0   1  |  2   3   4  |  5   6
 *                      before[2]  hold word 4   after[5]
 *
 *   replaced   the window at s loses the old word's entry in slot i - s and gets the new one's there
 *   deleted    the neighbours close up; the two windows across the gap, n - 1 in all, read on after it:
 *
 *     words     2    3   (4)   5    6
 *     s = 2    [0    1         2]          slot j holds word s + j, and from the gap on word s + j + 1
 *     s = 3         [0         1    2]
 */
export function logitsWithoutEach(model, ids, replacement = UNKNOWN) {
  const deleted = replacement === null;
  const { widths, filters_per_width: f, padding } = model.config;
  if (deleted && (ids.length <= Math.max(...widths) || padding !== "masked"))
    return ids.map((_, i) =>
      ids.length > 1 ? model.decompose(withReplaced(ids, i, [])).logits : [...model.biases].fill(NaN),
    );
  const laidOut = model.layOut(ids);
  const logits = ids.map(() => Array.from(model.biases));
  model.filters.forEach(({ width, conv, number, bias }, p) => {
    const scores = model.windowScores(laidOut, p);
    const [before, after] = maximaOfBothSides(scores);
    const tables = laidOut.padded.map((id) => model.slotScores(id)[conv]);
    const other = deleted ? null : model.slotScores(replacement)[conv];
    for (let i = 0; i < ids.length; i++) {
      const first = Math.max(i - width + 1, 0);
      const last = Math.min(i, scores.length - 1);
      let best = Math.max(before[first], after[last + 1]);
      // One window less crosses the gap than held the word.
      for (let s = first; s <= (deleted ? Math.min(i - 1, scores.length - 2) : last); s++) {
        let score = deleted ? bias : scores[s];
        if (deleted)
          for (let j = 0; j < width; j++) score += tables[s + j < i ? s + j : s + j + 1][j * f + number];
        else score += other[(i - s) * f + number] - tables[i][(i - s) * f + number];
        if (score > best) best = score;
      }
      for (let q = 0; best > 0 && q < model.biases.length; q++) logits[i][q] += model.weight(p, q) * best;
    }
  });
  return logits;
}

/**
 * before[i] is the best of scores[0..i-1], after[i] the best of those from i on; without any, -Infinity.
 * Both have one entry more than the scores.
 */
function maximaOfBothSides(scores) {
  const before = [-Infinity];
  for (const score of scores) before.push(Math.max(before.at(-1), score));
  const after = new Array(scores.length + 1).fill(-Infinity);
  for (let i = scores.length - 1; i >= 0; i--) after[i] = Math.max(after[i + 1], scores[i]);
  return [before, after];
}

/** The parts of a change, in the order in which they lead from B's entry to the exact change. */
export const PARTS = ["predicted", "biases", "replacement", "silence", "runnersUp", "newcomers"];

/**
 * The six parts of what replacing one word does, each one number a class (scores/effects.py).
 *
 *   old    score of filter p's best window, the word in it          [a  word  b]
 *   held   the same window with the other word: old - own + other   [a  other b]
 *   now    the best of all windows then                             anywhere
 *
 * If the window spoke (old > 0), v_p changes by ReLU(now) - old, which is the sum of
 *
 *   predicted      -(own + b_p / n)            the word's entry in B goes,
 *   biases         +b_p / n                    but the bias in it stays with the filter
 *   replacement    +other
 *   silence        ReLU(held) - held           what ReLU keeps from falling below zero
 *   runnersUp      ReLU(now) - ReLU(held)      another window takes over
 *
 * each times w_(q,p). Filters that had chosen other windows, or none, change by newcomers alone.
 *
 * @param {object} before what `decompose` said of the ids
 * @param {object} after what it says with `replacement` at `position`
 */
export function partsOfChange(model, ids, before, after, position, replacement = UNKNOWN) {
  const classes = model.biases.length;
  const k = model.filters.length;
  const parts = Object.fromEntries(PARTS.map((name) => [name, new Array(classes).fill(0)]));
  parts.predicted = before.wordScores[position].map((score) => -score);
  model.filters.forEach((filter, p) => {
    const add = (name, feature) => {
      for (let q = 0; q < classes; q++) parts[name][q] += model.weight(p, q) * feature;
    };
    const slot = position - before.starts[p];
    const inside = slot >= 0 && slot < filter.width;
    const [old, now] = [before.pooled[p], after.pooled[p]];
    if (inside)
      for (let q = 0; q < classes; q++) parts.biases[q] += model.biases[q] / (k * filter.width);
    if (!inside || old <= 0) return add("newcomers", Math.max(now, 0) - Math.max(old, 0));
    const [own, other] = [ids[position], replacement].map((id) => model.slotScore(id, p, slot));
    const held = old - own + other;
    add("biases", filter.bias / filter.width);
    add("replacement", other);
    add("silence", Math.max(held, 0) - held);
    add("runnersUp", Math.max(now, 0) - Math.max(held, 0));
  });
  return parts;
}

/**
 * What became of the filters that had chosen an n-gram with the word at `position`, and of others that
 * changed, seen from one class.
 *
 * @param {number} others how many words stand in the word's place now
 * @returns {{p: number, fate: string, promised: number, exact: number}[]} `fate` is "kept" (the same
 *   window, with the new word in it), "elsewhere" (another n-gram), "silent", "other" (a filter that
 *   had not chosen the word, and changed), or "dead" (it was silent over the word, and is now: B had
 *   given the word a share of the bias); `promised` is what B says that the class gains, `exact` what
 *   it gains. Over all filters they sum to B's prediction and to the exact change.
 */
export function filterFates(model, before, after, position, others, label) {
  const k = model.filters.length;
  return model.filters.flatMap(({ width }, p) => {
    const slot = position - before.starts[p];
    const inside = slot >= 0 && slot < width;
    const [old, now] = [before.pooled[p], after.pooled[p]].map((best) => Math.max(best, 0));
    const fate = fateOf(inside, old, now, others === 1 && after.starts[p] === before.starts[p]);
    if (!fate) return [];
    const exact = model.weight(p, label) * (now - old);
    const share = inside ? model.weight(p, label) * before.slots[p][slot] + model.biases[label] / (k * width) : 0;
    return [{ p, fate, promised: inside ? -share : 0, exact }];
  });
}

function fateOf(inside, old, now, sameWindow) {
  if (inside && old > 0) return now > 0 ? (sameWindow ? "kept" : "elsewhere") : "silent";
  if (Math.abs(now - old) > 1e-9) return "other";
  return inside ? "dead" : null;
}

/**
 * Put filters together that went from one n-gram to the same other one (null where they are silent),
 * those first over which B is most wrong.
 */
export function gatherFates(fates, before, after) {
  const groups = new Map();
  const ngram = (result, p) =>
    result.pooled[p] > 0
      ? { start: result.starts[p], words: windowWords(result, result.starts[p], result.widths[p]) }
      : null;
  for (const fate of fates) {
    const [was, now] = [ngram(before, fate.p), ngram(after, fate.p)];
    const key = JSON.stringify([was, now]);
    groups.set(key, { was, now, of: [...(groups.get(key)?.of ?? []), fate] });
  }
  const off = ({ promised, exact }) => Math.abs(exact - promised);
  return [...groups.values()]
    .map(({ was, now, of }) => ({ was, now, ...sumOfFates(of) }))
    .sort((a, b) => off(b) - off(a));
}

export function sumOfFates(fates) {
  const sum = (name, one = 0) => fates.reduce((total, fate) => total + (fate[name] ?? one), 0);
  return { filters: sum("filters", 1), promised: sum("promised"), exact: sum("exact") };
}

/**
 * The text with other words in the place of one, and where its words stand now.
 *
 *                    from  to
 *   text         not |  bad| at all        what stands from..to makes room for `shown`
 *   changed      not |quite good| at all   words after it move by shown.length - (to - from)
 *                     own[0] own[1]
 */
export function textWithSwap({ text, spans }, position, { shown, words }) {
  const { start, end } = spans[position];
  // A deleted word takes one of the blanks around it along.
  const blank = shown ? 0 : /\s/.test(text[end] ?? "") ? [0, 1] : /\s/.test(text[start - 1] ?? "") ? [1, 0] : 0;
  const [from, to] = blank ? [start - blank[0], end + blank[1]] : [start, end];
  const moved = from + shown.length - to;
  const own = shown === UNKNOWN_SHOWN ? [{ start: 0, end: shown.length }] : tokenize(shown);
  return {
    text: text.slice(0, from) + shown + text.slice(to),
    spans: [
      ...spans.slice(0, position),
      ...own.slice(0, words.length).map((span) => ({ start: from + span.start, end: from + span.end })),
      ...spans.slice(position + 1).map((span) => ({ start: span.start + moved, end: span.end + moved })),
    ],
  };
}
