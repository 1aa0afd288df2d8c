// From a text to words with their places, and the two ids that are no words; as the package's text.py,
// where each of these sets of signs is explained.

export const PADDING = 0;
export const UNKNOWN = 1;

const APOSTROPHES = /[’‘‛`´′‵ʹʻʼʽʾʿˈ՚׳ꞌ＇｀]/gu;
const BLANKS = /[\u3164\uffa0ʺˮːǃǀ]/gu;
const WIDTHLESS_SPACE = /([\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])\u200b/gu;

const UNSEEN = "\\p{DI}\\x00-\\x08\\x0e-\\x1b\\x7f";
const REST = `[\\p{L}\\p{M}\\p{N}${UNSEEN}]*`;
const WORD = new RegExp(`[\\p{L}\\p{N}]${REST}(?:'[${UNSEEN}]*[\\p{L}\\p{N}]${REST})*`, "gu");
const UNSEEN_END = new RegExp(`[${UNSEEN}]+$`, "u");
const UNSEEN_INSIDE = new RegExp(`(?![\\u200c\\u200d])[${UNSEEN}]`, "gu");
const JOINERS_OF_NONE = /([\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{N}'])[\u200c\u200d]+/gu;

const OTHER_FORMS = /[ſ℀-⅏ﬀ-ﷹﹰ-ﻼ０-ￜ\u{1d400}-\u{1d7ff}]/gu;
const LETTERS = /^[\p{L}\p{M}\p{N}]+$/u;

const TWINS = "аеорсухіјѕһԁԛԝАВЕКМНОРСТХУІЈЅԚԜοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
const THEIR_LATIN = "aeopcyxijshdqwABEKMHOPCTXYIJSQWoABEZHIKMNOPTYX";
const TWIN = new RegExp(`[${TWINS}]`, "gu");
const LATIN_WITH_TWINS = new RegExp(
  `^(?=.*\\p{sc=Latin})(?=.*[${TWINS}])[\\p{sc=Latin}\\p{M}\\p{N}'${TWINS}]+$`,
  "u",
);

/** Split a text into words that remember their place: [{word, start, end}]. */
export function tokenize(text, lowercase = true) {
  const read = text
    .replace(APOSTROPHES, "'")
    .replace(BLANKS, " ")
    .replace(WIDTHLESS_SPACE, "$1 ");
  return Array.from(read.matchAll(WORD), ({ 0: matched, index }) => {
    const written = matched.replace(UNSEEN_END, "");
    return { word: asSeen(written, lowercase), start: index, end: index + written.length };
  });
}

/** Spell a word with the signs that a reader sees in it. */
function asSeen(written, lowercase) {
  let word = written
    .replace(UNSEEN_INSIDE, "")
    .replace(JOINERS_OF_NONE, "$1")
    .replace(OTHER_FORMS, usualForm);
  if (LATIN_WITH_TWINS.test(word)) {
    word = word.replace(TWIN, (letter) => THEIR_LATIN[TWINS.indexOf(letter)]);
  }
  return (lowercase ? word.toLowerCase() : word).normalize("NFC");
}

function usualForm(sign) {
  const usual = sign.normalize("NFKC");
  return LETTERS.test(usual) ? usual : sign;
}
