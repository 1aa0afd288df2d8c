// <textcnn-threshold>: move epsilon along the curves of a study, and over the filters of one sentence.

import { argmax, columnSums, maxAbs, softmax, sum } from "../network/numbers.js";
import { chartKeys, drawn, lineChart } from "../parts/chart.js";
import { button, choice, controls, slider, textBox } from "../parts/controls.js";
import { bar, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { colouredText, wordsOf } from "../parts/text.js";
import { NO_WORD, percent, signed, unreadRemark } from "../parts/wording.js";

const CELL = 9; // units of a filter's square in the picture, its gap included
const NARROW = 480; // pixels; below them the filters of a width stand in two rows

/**
 * Attributes: text, epsilon (where to begin). Its data are {curves: [{name, model, reader, accuracy,
 * ratio1, epsilon, kept_accuracy, ratio2, ratio3, marks}]}: a study each, as FilterStudy.curve returns
 * it; `marks` are [name, epsilon] pairs, the first the start if there is no other; `model` reads the
 * sentence, and `reader` says which one that is.
 * `result` holds the study's numbers at epsilon, and the sentence's variances and logits.
 */
class ThresholdFigure extends LiveFigure {
  async start() {
    this.curves = this.data.curves;
    this.curve = this.curves[0];
    this.model = await this.load(this.curve.model);
    this.build();
    this.drawMarks();
    this.place(Number(this.getAttribute("epsilon") ?? this.curve.marks[0][1]));
    this.readSentence();
  }

  build() {
    const names = this.curves.map(({ name }, i) => [i, name]);
    const [curveField, curves] = choice("Curves of", names, 0, () => this.changeCurve());
    const [epsilonField, epsilon] = slider(
      "Threshold ε",
      { min: 0, max: 1, value: 0, format: (at) => formatEpsilon(this.curve.epsilon[at] ?? 0) },
      () => this.update(),
    );
    const [textField, box] = textBox("Your sentence", this.getAttribute("text") ?? "", () => this.readSentence());
    this.parts = {
      curves, epsilon, box,
      marks: make("p", { class: "live-examples" }),
      answer: status(),
      chart: make("div"),
      keys: make("div"),
      reader: note(),
      left: status(),
      sentence: make("div"),
      most: note(),
      filters: make("div"),
      sums: make("div", { class: "live-sums" }),
    };
    const { marks, answer, chart, keys, reader, left, sentence, most, filters, sums } = this.parts;
    this.replaceChildren(
      controls(...(this.curves.length > 1 ? [curveField] : []), epsilonField),
      marks,
      answer,
      chart,
      keys,
      controls(textField),
      reader,
      left,
      sentence,
      most,
      filters,
      sums,
    );
    new ResizeObserver(() => {
      if (this.reading && filters.clientWidth !== this.drawnWidth) this.drawFilters();
    }).observe(filters);
  }

  async changeCurve() {
    const before = this.epsilon;
    const { curves, answer } = this.parts;
    const listed = curves.value;
    const shown = () => this.curves.indexOf(this.curve);
    const model = await this.loadListed(curves, answer, shown, (at) => this.curves[at].model);
    if (!model) return;
    [this.model, this.curve] = [model, this.curves[listed]];
    this.drawMarks();
    this.place(before);
    this.readSentence();
  }

  get epsilon() {
    return this.curve.epsilon[this.parts.epsilon.value];
  }

  /** Put the slider on the threshold of the curve that is nearest to one. */
  place(epsilon) {
    const { epsilon: all } = this.curve;
    const apart = all.map((value) => Math.abs(Math.log(value / epsilon)));
    this.parts.epsilon.max = all.length - 1;
    this.parts.epsilon.value = apart.indexOf(Math.min(...apart));
    this.parts.epsilon.say();
  }

  /** The thresholds to go to at once, and who reads the sentence: they belong to the curve. */
  drawMarks() {
    const { marks, reader } = this.curve;
    this.parts.marks.replaceChildren(
      "Go to: ",
      ...marks.map(([name, value]) =>
        button(name, () => (this.place(value), this.update())),
      ),
    );
    say(this.parts.reader, reader);
  }

  readSentence() {
    this.reading = this.model.explain(this.parts.box.value);
    this.update();
  }

  update() {
    const at = Number(this.parts.epsilon.value);
    const { name, model, accuracy, ratio1, kept_accuracy, ratio2, ratio3 } = this.curve;
    const { tokens, logits, ngramScores, pooled, starts, widths } = this.reading;
    const variances = ngramScores.map(rowVariance);
    const kept = variances.map((variance) => variance > this.epsilon);
    const keptLogits = columnSums(ngramScores.filter((_, p) => kept[p]), logits.length);
    this.publish({
      curve: name, model, accuracy, ratio1,
      epsilon: this.epsilon,
      keptAccuracy: kept_accuracy[at],
      ratio2: ratio2[at],
      ratio3: ratio3[at],
      text: this.reading.text,
      tokens, logits, variances, kept, keptLogits,
      silent: pooled.map((best) => best <= 0),
      readBy: tokens.map((_, i) => countOf(kept, (is, p) => is && starts[p] <= i && i < starts[p] + widths[p])),
      predicted: this.reading.predicted,
      keptPredicted: argmax(keptLogits),
    });
    this.drawCurves();
    this.drawSentence();
    this.drawFilters();
    this.drawSums();
  }

  drawCurves() {
    const { epsilon, ratio1, ratio2, ratio3, keptAccuracy, accuracy } = this.result;
    const { curve } = this;
    const line = (name, values, kind) => ({
      name, kind,
      points: curve.epsilon.map((value, i) => [value, 100 * (values[i] ?? values)]),
    });
    const lines = [
      line("accuracy from what is kept", curve.kept_accuracy, "live-line-1"),
      line("@Ratio2, negligible features", curve.ratio2, "live-line-2"),
      line("@Ratio3, filters ever kept", curve.ratio3, "live-line-3"),
      line("@Ratio1, silent features", ratio1, "live-line-4"),
    ];
    const values =
      `@Ratio1 ${percent(ratio1)}, @Ratio2 ${percent(ratio2)}, @Ratio3 ${percent(ratio3)}; ` +
      `accuracy ${percent(keptAccuracy)} from what is kept, ${percent(accuracy)} from all`;
    say(this.parts.answer, `At ε = ${formatEpsilon(epsilon)}: ${values}.`);
    const [min, max] = [curve.epsilon[0], curve.epsilon.at(-1)];
    const decades = [];
    for (let power = Math.ceil(Math.log10(min) - 1e-9); power <= Math.log10(max) + 1e-9; power++)
      decades.push([10 ** power, formatPower(power)]);
    this.parts.chart.replaceChildren(
      lineChart({
        name: `Four curves over the threshold, the cursor at ${formatEpsilon(epsilon)}: ${values}`,
        x: { name: "threshold ε, in squared logits", min, max, log: true, ticks: decades },
        y: {
          name: "per cent", min: 0, max: 100,
          ticks: [0, 25, 50, 75, 100].map((share) => [share, String(share)]),
        },
        lines,
        cursor: epsilon,
      }),
    );
    this.parts.keys.replaceChildren(chartKeys(lines));
  }

  drawSentence() {
    const { tokens, kept, silent, readBy, logits, keptLogits, predicted, keptPredicted } = this.result;
    const { sentence, most, left } = this.parts;
    if (!tokens.length) {
      say(left, NO_WORD);
      say(most, "");
      return sentence.replaceChildren();
    }
    const { classNames } = this.model;
    const above = countOf(kept, Boolean);
    const quiet = countOf(silent, Boolean);
    const faint = countOf(kept, (is, p) => !is && !silent[p]);
    const answer = (label, values) => `${classNames[label]}, ${percent(softmax(values)[label])}`;
    say(
      left,
      `Above ε: ${above} of ${kept.length} filters; speaking, but negligible: ${faint}; silent: ${quiet}. ` +
        (above
          ? `All together say ${answer(predicted, logits)}; ` +
            `those above ε alone, ${answer(keptPredicted, keptLogits)}.`
          : `No row is left: all logits are zero, which counts as ${classNames[0]}.`),
    );
    const { readText, spans, known } = this.reading;
    const highest = Math.max(...readBy);
    const drawing = colouredText({
      text: readText,
      spans, known,
      scores: readBy,
      labelAbove: Infinity,
      name: "Your sentence; darker words are read by more of the filters that are left",
      describe: (i) => `${tokens[i]}: in the windows of ${readBy[i]} filters above ε`,
    });
    wordsOf(drawing).forEach((word, i) => {
      if (readBy[i] && readBy[i] >= highest / 4) word.dataset.number = readBy[i];
    });
    sentence.replaceChildren(drawing);
    const order = tokens.map((_, i) => i).filter((i) => readBy[i]);
    order.sort((a, b) => readBy[b] - readBy[a] || a - b);
    const named = order.slice(0, 5).map((i) => `“${tokens[i]}” ${readBy[i]}`);
    const words = named.length ? `Filters above ε that read a word: ${named.join(", ")}.` : "";
    say(most, words + unreadRemark(this.reading));
  }

  /** A square for each filter: full if it is above the threshold, a dot if it is silent. */
  drawFilters() {
    const { tokens, kept, silent } = this.result;
    if (!tokens.length) return this.parts.filters.replaceChildren();
    const { filters, config } = this.model;
    this.drawnWidth = this.parts.filters.clientWidth;
    const lines = this.drawnWidth < NARROW ? 2 : 1; // of squares, for each width
    const perLine = Math.ceil(config.filters_per_width / lines);
    const [left, lineHeight, rowHeight] = [64, 10, lines * 10 + 6];
    const across = left + perLine * CELL;
    // Eleven pixels or more, however much the picture is shrunk.
    const fontSize = Math.max(11, (11.5 * across) / (this.drawnWidth || across)).toFixed(1);
    const rows = config.widths.map((width, row) => {
      const inRow = filters.map((_, p) => p).filter((p) => filters[p].conv === row);
      const above = countOf(inRow, (p) => kept[p]);
      const marks = inRow.map((p, i) => {
        const x = left + (i % perLine) * CELL;
        const y = row * rowHeight + Math.floor(i / perLine) * lineHeight + 3;
        if (silent[p] && !kept[p]) return drawn("circle", { cx: x + 4, cy: y + 4, r: 1.2 });
        const kind = kept[p] ? "live-kept" : "live-faint";
        return drawn("rect", { class: kind, x: x + 0.7, y: y + 0.7, width: 6.6, height: 6.6 });
      });
      return { text: `width ${width}: ${above} of ${inRow.length}`, width, marks, y: row * rowHeight + 11 };
    });
    this.parts.filters.replaceChildren(
      drawn(
        "svg",
        {
          class: "live-filters",
          viewBox: `0 0 ${across} ${rows.length * rowHeight}`,
          role: "img",
          "aria-label": `Filters above the threshold; ${rows.map(({ text }) => text).join(", ")}`,
        },
        ...rows.flatMap(({ width, marks, y }) => [
          drawn("text", { x: 0, y, style: `font-size: ${fontSize}px` }, `width ${width}`),
          ...marks,
        ]),
      ),
      note("A full square is a filter above ε, an empty one speaks but is negligible, a dot is silent."),
    );
  }

  drawSums() {
    const { tokens, logits, keptLogits } = this.result;
    if (!tokens.length) return this.parts.sums.replaceChildren();
    const largest = maxAbs(logits, keptLogits);
    const shown = (value) => bar(value, largest, signed(value, 3));
    this.parts.sums.replaceChildren(
      table(
        "Logits, from all rows of A and from those above ε",
        ["class", "all", "above ε"],
        this.model.classNames.map((name, q) => [name, shown(logits[q]), shown(keptLogits[q])]),
      ),
    );
  }
}

/** The mean square of the distances from the mean. */
function rowVariance(row) {
  const mean = sum(row) / row.length;
  return sum(row.map((value) => (value - mean) ** 2)) / row.length;
}

function countOf(values, counts) {
  return values.filter(counts).length;
}

/** A power of ten as an axis writes it: 0.01, 10⁻⁶. */
function formatPower(power) {
  return power > -3 ? formatEpsilon(10 ** power) : `10⁻${"⁰¹²³⁴⁵⁶⁷⁸⁹"[-power]}`;
}

/** Two digits that count: 0.0056, 0.000001, 3.2. */
function formatEpsilon(epsilon) {
  if (!epsilon) return "0";
  const digits = Math.max(1 - Math.floor(Math.log10(epsilon) + 1e-9), 0);
  return epsilon.toFixed(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

define("textcnn-threshold", ThresholdFigure);
