// <textcnn-locations>: the locations of a deep network on a sentence, layer by layer. The chapter
// computes saliencies; the figure finds what a location sees, shares and sums.

import { argmax, maxAbs, sum } from "../network/numbers.js";
import { choice, controls, setOptions } from "../parts/controls.js";
import { bar, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { sideOf } from "../parts/text.js";
import { colourKey, howMany, percent, quoted, signed, unknownRemark } from "../parts/wording.js";

/**
 * `data.sentences` lists sentences: `name` and what interpbook.widgets.deep_figures.location_maps
 * returns. The grid has the words as rows and the layers as columns, as the chapter's figures do.
 */
class Locations extends LiveFigure {
  async start() {
    const { sentences } = this.data;
    const [sentenceField, chosen] = choice("Sentence", sentences.map(({ name }, i) => [i, name]), 0, () => this.changeSentence());
    const [classField, classes] = choice("Saliency for", [], "", () => this.changeClass());
    this.parts = { chosen, classes, answer: status(), map: make("div"), location: make("div", { class: "live-panel" }) };
    const { answer, map, location } = this.parts;
    this.replaceChildren(
      controls(sentenceField, classField),
      answer,
      map,
      note(
        `${colourKey("the class")}; a dot: exactly zero. Numbers are logits. `,
        "In the grid the arrow keys move; what the chosen location is computed from is framed. ",
        "Words in italics, if any, are not in the vocabulary.",
      ),
      location,
    );
    this.changeSentence();
  }

  get sentence() {
    return this.data.sentences[this.parts.chosen.value];
  }

  /** The saliency of the chosen class: a list for each layer. */
  get scores() {
    return this.sentence.saliency[this.parts.classes.value];
  }

  changeSentence() {
    const { classes, logits, saliency } = this.sentence;
    const said = argmax(logits);
    setOptions(
      this.parts.classes,
      classes.map((name, c) => [c, `${name} (logit ${signed(logits[c])})`]),
      said,
    );
    this.layer = 1;
    this.position = argmax(saliency[said][1]);
    this.changeClass();
  }

  changeClass() {
    this.drawMap();
    this.select(this.layer, this.position);
  }

  drawMap() {
    const { tokens, known, logits, classes } = this.sentence;
    const { scores } = this;
    const label = Number(this.parts.classes.value);
    const strongest = maxAbs(...scores) || 1;
    this.cells = scores.map((layer, j) => layer.map((score, i) => this.makeCell(score, strongest, j, i)));
    this.words = tokens.map((word, i) =>
      make("th", { scope: "row", role: "rowheader", class: known[i] ? null : "live-unknown" }, word),
    );
    const row = (first, cells) => make("tr", { role: "row" }, first, ...cells);
    const sums = scores.map(sum);
    const foot = (name, values) =>
      row(
        make("th", { scope: "row", role: "rowheader" }, name),
        values.map((value) => make("td", { role: "gridcell" }, value)),
      );
    const grid = make(
      "table",
      { role: "grid", class: "live-map", "aria-label": `Saliency for ${classes[label]}: words by layers, arrow keys move` },
      make(
        "thead",
        { role: "rowgroup" },
        row(
          make("th", { scope: "col", role: "columnheader" }, "layer"),
          scores.map((_, j) => make("th", { scope: "col", role: "columnheader" }, j ? String(j) : "0, words")),
        ),
      ),
      make("tbody", { role: "rowgroup" }, ...this.words.map((word, i) => row(word, this.cells.map((layer) => layer[i])))),
      make(
        "tfoot",
        { role: "rowgroup" },
        foot("sum of the layer", sums.map((total) => signed(total))),
        foot("biases above it", sums.map((total) => signed(logits[label] - total, 3))),
        foot("logit", sums.map(() => signed(logits[label]))),
      ),
    );
    grid.addEventListener("keydown", (event) => this.move(event));
    this.parts.map.replaceChildren(make("div", { class: "live-scroll" }, grid));
  }

  makeCell(score, strongest, layer, position) {
    const share = score / strongest;
    const cell = make(
      "td",
      {
        role: "gridcell",
        tabindex: -1,
        class: ["live-cell", sideOf(share)].filter(Boolean).join(" "),
        style: `--share: ${Math.abs(share).toFixed(3)}`,
        "aria-label": `layer ${layer}, location ${position}, ${this.sentence.tokens[position]}: ${signed(score)}` +
          unknownRemark(this.sentence.known[position]),
      },
      score === 0 ? "·" : signed(score),
    );
    cell.addEventListener("focus", () => this.select(layer, position));
    cell.addEventListener("click", () => cell.focus());
    return cell;
  }

  /** Arrow keys, Home and End; with Ctrl, to the first and the last word. */
  move(event) {
    const last = this.cells[0].length - 1;
    const to = {
      ArrowRight: [this.layer + 1, this.position],
      ArrowLeft: [this.layer - 1, this.position],
      ArrowDown: [this.layer, this.position + 1],
      ArrowUp: [this.layer, this.position - 1],
      Home: event.ctrlKey ? [this.layer, 0] : [0, this.position],
      End: event.ctrlKey ? [this.layer, last] : [this.cells.length - 1, this.position],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.cells[to[0]]?.[to[1]]?.focus();
  }

  /** Choose a location, and frame what it is computed from, in the layers below and in the words. */
  select(layer, position) {
    this.cells[this.layer][this.position].tabIndex = -1;
    [this.layer, this.position] = [layer, position];
    const fields = this.cells.map((_, j) => this.field(layer, position, j));
    this.cells.forEach((column, j) =>
      column.forEach((cell, i) => {
        const chosen = j === layer && i === position;
        cell.classList.toggle("live-seen", fields[j].includes(i) && !chosen);
        cell.classList.toggle("live-chosen", chosen);
        cell.setAttribute("aria-selected", String(chosen));
      }),
    );
    this.words.forEach((word, i) => word.classList.toggle("live-seen", fields[0].includes(i)));
    this.cells[layer][position].tabIndex = 0;
    this.describe(fields);
  }

  /** The locations of a layer below that a location sees: h more on either side for each layer between. */
  field(layer, position, below) {
    if (below > layer) return [];
    const reach = ((this.sentence.kernel - 1) / 2) * (layer - below);
    const all = this.sentence.tokens.map((_, i) => i);
    return all.slice(Math.max(position - reach, 0), position + reach + 1);
  }

  describe(fields) {
    const { tokens, classes, speaks, answering, channels, wins, near, name } = this.sentence;
    const { layer, position, scores } = this;
    const label = Number(this.parts.classes.value);
    const score = scores[layer][position];
    const total = sum(scores[layer]);
    const sees = fields[0].map((i) => tokens[i]);
    const below = layer ? fields[layer - 1] : [];
    const forIt = speaks[label][layer][position];
    this.publish({
      sentence: name, label, layer, location: position, saliency: score, sum: total, share: score / total, sees, below,
      speaksFor: forIt, speaksAgainst: score - forIt,
    });
    say(
      this.parts.answer,
      `Layer ${layer}, location ${position}, at “${tokens[position]}”: ${signed(score)} for ${classes[label]}, ` +
        `${percent(score / total, 0).replace("-", "−")} of the layer; sees ${howMany(sees.length, "word")}.`,
    );
    // The bars of all locations share a scale: the most that speaks for the class, or against it.
    const parts = scores.flatMap((of, j) => of.flatMap((all, i) => [speaks[label][j][i], speaks[label][j][i] - all]));
    const largest = Math.max(...parts);
    const rows = [
      ["it sees", quoted(sees)],
      ...(layer ? [["it is computed from", `${rangeOf(below)} of layer ${layer - 1}`]] : []),
      ["channels that speak for the class", bar(forIt, largest)],
      ["channels that speak against it", bar(score - forIt, largest)],
      ["together, its saliency", bar(score, largest)],
      ...(layer ? [["channels above zero", `${answering[layer][position]} of ${channels[layer]}`]] : []),
      ...(layer === scores.length - 1 ? [["channels whose maximum it wins", String(wins[position])]] : []),
      ...(layer === 1 ? [["nearest words", near[position].join(", ") || "none: it does not answer"]] : []),
    ];
    this.parts.location.replaceChildren(
      table(`Location ${position} of layer ${layer}`, ["property", `at “${tokens[position]}”`], rows),
    );
  }
}

function rangeOf(places) {
  return places.length === 1 ? `location ${places[0]}` : `locations ${places[0]} to ${places.at(-1)}`;
}

define("textcnn-locations", Locations);
