// <textcnn-trajectory>: a climb of an inversion, moment by moment. The chapter computes the climbs;
// the figure adds their terms up and compares one moment with the one before.

import { sum } from "../network/numbers.js";
import { chartKey, lineChart } from "../parts/chart.js";
import { choice, controls, setOptions, slider } from "../parts/controls.js";
import { make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { percent, signed } from "../parts/wording.js";

const TERM_NAMES = {
  response: "response",
  l2: "L2 term",
  similarity: "similarity term",
  objective: "objective",
};
const TERM_LINES = {
  response: "live-line-2",
  l2: "live-line-3",
  similarity: "live-line-thin",
  objective: "live-line-1",
};

/**
 * `data.places` lists locations: `name`, `sees`, `target` (what cosines are with), `optimum` (how
 * high response and L2 term are there), `words` (the target's nearest) and `climbs`, each with a
 * `name` and what interpbook.widgets.deep_figures.climb_moments returns.
 */
class Trajectory extends LiveFigure {
  async start() {
    this.places = this.data.places;
    const names = (items) => items.map(({ name }, i) => [i, name]);
    const [placeField, places] = choice("Location", names(this.places), 0, () => {
      setOptions(this.parts.climbs, names(this.place.climbs), 0);
      this.changeClimb();
    });
    const [climbField, climbs] = choice("Climb", names(this.places[0].climbs), 0, () => this.changeClimb());
    const last = this.places[0].climbs[0].steps.length - 1; // where the words mean something
    const [stepField, step] = slider(
      "Step (arrow keys move)",
      { min: 0, max: last, value: last, format: (moment) => (this.parts ? counted(this.climb.steps[moment]) : "0") },
      () => this.update(),
    );
    this.parts = {
      places, climbs, step,
      answer: status(),
      sees: note(),
      charts: make("div", { class: "live-beside live-climb" }),
      words: make("div"),
      terms: make("div"),
    };
    const { answer, sees, charts, words, terms } = this.parts;
    this.replaceChildren(
      controls(placeField, climbField, stepField),
      answer,
      sees,
      charts,
      make("div", { class: "live-beside" }, words, terms),
      note(
        "A star marks a word that is among the ten nearest of the vector with which the climb is compared. ",
        "The pale lines are the climb’s way to come.",
      ),
    );
    this.changeClimb();
  }

  get place() {
    return this.places[this.parts.places.value];
  }

  get climb() {
    return this.place.climbs[this.parts.climbs.value];
  }

  /** Another climb at the same part of its way. */
  changeClimb() {
    const { step, sees } = this.parts;
    const last = this.climb.steps.length - 1;
    step.max = last;
    step.value = Math.min(step.value, last);
    step.say();
    const { sees: field, target } = this.place;
    say(sees, `The location sees “${field}”. Cosine and per cent compare with ${target}.`);
    this.update();
  }

  update() {
    const { climb, place } = this;
    const moment = Number(this.parts.step.value);
    const values = climb.steps.map((_, i) => sumOfTerms(climb, i));
    const words = this.wordsAt(moment);
    const stars = words.map((word) => place.words.includes(word));
    const terms = Object.fromEntries(Object.entries(climb.terms).map(([name, of]) => [name, of[moment]]));
    // Without a penalty there is no optimum to be on the way to.
    const share = climb.terms.l2.some((value) => value) ? (terms.response + terms.l2) / place.optimum : null;
    this.publish({
      location: place.name, climb: climb.name, moment, step: climb.steps[moment], terms,
      value: values[moment], share, cosine: climb.cosine[moment], words, cosines: climb.cosines[moment],
      starred: stars.filter(Boolean).length,
    });
    this.drawStatus();
    this.drawTerms(values);
    const { steps, terms: curves, cosine } = climb;
    this.parts.charts.replaceChildren(
      chartOf("objective", steps, moment, { ...curves, objective: values }, threeDigits, 0),
      chartOf("cosine", steps, moment, { objective: cosine }, (x) => signed(x, 1), 1),
    );
    this.drawWords(stars);
  }

  wordsAt(moment) {
    return this.climb.near[moment].map((word) => this.climb.vocabulary[word]);
  }

  drawStatus() {
    const { step, value, cosine, words } = this.result;
    say(
      this.parts.answer,
      `Step ${counted(step)} of ${counted(this.climb.steps.at(-1))}: objective ${threeDigits(value)}, ` +
        `cosine ${signed(cosine)}, nearest word “${words[0]}”.`,
    );
  }

  drawTerms(values) {
    const { terms, moment, share } = this.result;
    const row = (name, value) => [
      chartKey({ name: TERM_NAMES[name], kind: TERM_LINES[name] }),
      threeDigits(value),
    ];
    this.parts.terms.replaceChildren(
      table(
        `The objective after ${counted(this.climb.steps[moment])} steps`,
        ["term", "value"],
        [
          ...Object.entries(terms).map(([name, value]) => row(name, value)),
          row("objective", values[moment]),
          ["height: response + L2 term, of the optimum", share === null ? "no optimum" : percent(share).replace("-", "−")],
        ],
      ),
    );
  }

  drawWords(stars) {
    const { moment, words, cosines, starred } = this.result;
    const before = moment ? this.wordsAt(moment - 1) : [];
    const rows = words.map((word, i) => [
      String(i + 1),
      make(
        "span",
        {},
        word,
        ...(stars[i] ? [make("span", { role: "img", "aria-label": ", also near the optimum" }, " ★")] : []),
      ),
      cosines[i].toFixed(2),
      moment ? rankBefore(before.indexOf(word), i) : "",
    ]);
    this.parts.words.replaceChildren(table(`Nearest words: ${starred} of ${words.length} with a star`, ["rank", "word", "cosine", "rank before"], rows));
  }
}

function sumOfTerms(climb, moment) {
  return sum(Object.values(climb.terms).map((of) => of[moment]));
}

function rankBefore(from, to) {
  if (from < 0) return "new";
  return from === to ? "same" : `${from + 1} ${from > to ? "▲" : "▼"}`;
}

function counted(number) {
  return number.toLocaleString("en");
}

/** Write a value with three digits that count, or all before the point. */
function threeDigits(value) {
  const size = Math.abs(value);
  const text = size >= 100 ? Math.round(size).toLocaleString("en") : size.toFixed(size >= 10 ? 1 : 2);
  return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
}

/** Curves over the steps: pale as a whole, in full ink up to this moment. */
function chartOf(name, steps, moment, curves, format, least) {
  const values = Object.values(curves).flat();
  const [min, max] = [Math.min(0, ...values), Math.max(least, ...values)];
  const points = (of) => of.map((value, i) => [steps[i], value]);
  const last = steps.at(-1);
  const main = Object.values(curves).at(-1);
  return lineChart({
    name: `${name}: ${format(main[0])} at the start, ${format(main[moment])} now, ${format(main.at(-1))} at the end`,
    x: { name: "step", min: 0, max: last, ticks: [0, last / 2, last].map((step) => [step, counted(step)]) },
    y: { name, min, max, ticks: [...(min < -0.1 * max ? [min] : []), 0, max].map((value) => [value, format(value)]) },
    cursor: steps[moment],
    lines: Object.entries(curves).flatMap(([term, of]) => [
      { points: points(of), kind: `${TERM_LINES[term]} live-pale` },
      { points: points(of.slice(0, moment + 1)), kind: TERM_LINES[term] },
    ]),
    marks: [{ at: [steps[moment], main[moment]] }],
  });
}

define("textcnn-trajectory", Trajectory);
