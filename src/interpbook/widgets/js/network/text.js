// From a text to words with their places, and the two ids that are no words; as the package's text.py,
// where each of these sets of signs is explained. They are written in ASCII, so that a page that does
// not state its encoding reads them too.

export const PADDING = 0;
export const UNKNOWN = 1;

const APOSTROPHES = /[\u2019\u2018\u201b`\u00b4\u2032\u2035\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u055a\u05f3\ua78c\uff07\uff40]/gu;
const BLANKS = /[\u3164\uffa0\u02ba\u02ee\u02d0\u01c3\u01c0]/gu;
const WIDTHLESS_SPACE = /([\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])\u200b/gu;

const UNSEEN = "\\p{DI}\\x00-\\x08\\x0e-\\x1b\\x7f";
const REST = `[\\p{L}\\p{M}\\p{N}${UNSEEN}]*`;
const WORD = new RegExp(`[\\p{L}\\p{N}]${REST}(?:'[${UNSEEN}]*[\\p{L}\\p{N}]${REST})*`, "gu");
const UNSEEN_END = new RegExp(`[${UNSEEN}]+$`, "u");
const UNSEEN_INSIDE = new RegExp(`(?![\\u200c\\u200d])[${UNSEEN}]`, "gu");
const JOINERS_OF_NONE = /([\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{N}'])[\u200c\u200d]+/gu;

const OTHER_FORMS = /[\u017f\u2100-\u214f\ufb00-\ufdf9\ufe70-\ufefc\uff10-\uffdc\u{1d400}-\u{1d7ff}]/gu;
const LETTERS = /^[\p{L}\p{M}\p{N}]+$/u;

const TWINS = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0406\u0408\u0405\u051a\u051c\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7";
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
