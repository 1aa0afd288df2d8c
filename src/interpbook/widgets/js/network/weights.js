// A classifier's weights as the page carries them: a safetensors file with packed tensors, read as the
// package's models/packing.py reads them.

/** Read a safetensors file: eight bytes of length, a header in JSON, then the numbers. */
export function readSafetensors(bytes) {
  const length = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const { __metadata__: metadata, ...entries } = header;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(entries))
    tensors[name] = new Packed(dtype, shape, new DataView(bytes, 8 + length + start, end - start));
  for (const [name, tensor] of Object.entries(tensors)) tensor.scales = tensors[`${name}.scale`];
  return { metadata, tensors };
}

/** A tensor as the package's `pack` stores it: float16, or rows of int8 with a float16 scale each. */
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
