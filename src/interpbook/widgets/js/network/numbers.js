// What is asked of lists of numbers again and again.

export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

/** The place of the largest number, the first among equals; -1 of an empty list. */
export function argmax(values) {
  return values.indexOf(Math.max(...values));
}

/** The place of the number furthest from zero, the first among equals; 0 of an empty list. */
export function strongest(values) {
  return values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]) ? i : best), 0);
}

/** How far the numbers of one list or several go from zero. */
export function maxAbs(...lists) {
  return Math.max(...lists.flatMap((values) => values.map(Math.abs)));
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

export function dot(a, b) {
  return a.reduce((total, value, i) => total + value * b[i], 0);
}

export function columnSums(rows, columns) {
  const sums = new Array(columns).fill(0);
  for (const row of rows) row.forEach((value, q) => (sums[q] += value));
  return sums;
}

/** The checksum of bytes that zip files carry, as eight hexadecimal digits. */
export function crc32(bytes) {
  const table = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (~sum >>> 0).toString(16).padStart(8, "0");
}
