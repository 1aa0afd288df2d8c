// Numbers and remarks in words, as all figures write them.

export const EMPTY_PLACE = "·"; // a place of padding, as the book's figures write it
export const NO_WORD = "Write at least one word.";

/** Write a number with its sign, as the book does: +1.23, −0.40. */
export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  return Number(text) === 0 ? text : (value > 0 ? "+" : "−") + text;
}

export function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Count things: 1 word, 2,000 words. */
export function howMany(number, what) {
  return `${whole(number)} ${what}${number === 1 ? "" : "s"}`;
}

/** A change in words: falls by 1.34. The three verbs are for a rise, a fall, and neither. */
export function movesBy(change, up, down, same) {
  if (Math.abs(change) < 0.005) return `${same} as it is`;
  return `${change > 0 ? up : down} by ${Math.abs(change).toFixed(2)}`;
}

/** The words of a window in quotes; null is a place of padding. */
export function quoted(words) {
  return `“${words.map((word) => word ?? EMPTY_PLACE).join(" ")}”`;
}

const LEFTWARDS =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}][\p{L}\p{M}\p{N}'’]*/gu;

/** Keep words that run from right to left from reordering the numbers and signs beside them. */
export function isolated(text) {
  return text.replace(LEFTWARDS, "\u2068$&\u2069");
}

/** Write a whole number with the separators of its thousands: 21,029. */
export function whole(number) {
  return number.toLocaleString("en");
}

/** What the two colours of words mean. */
export function colourKey(name) {
  return `Blue, solid line: speaks for ${name}; orange, dotted: against it`;
}

/** What a description of a word adds if the model does not know the word; empty if it does. */
export function unknownRemark(isKnown) {
  return isKnown ? "" : ", not in the vocabulary";
}

/** What a legend adds if the model did not read the whole text; empty if it did. */
export function unreadRemark({ tokens, unread }) {
  return unread ? ` The model reads the first ${whole(tokens.length)} words; ${whole(unread)} more are left out.` : "";
}
