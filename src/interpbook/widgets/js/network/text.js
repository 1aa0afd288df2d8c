// From a text to words with their places, and the two ids that are no words; as the package's text.py.

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
