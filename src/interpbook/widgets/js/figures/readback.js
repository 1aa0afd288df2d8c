// <textcnn-readback>: does an interpretation hold? Its words are read back, and the class is asked
// again. The chapter computes the words and the answers; the figure says what is kept.

import { argmax } from "../network/numbers.js";
import { choice, controls, radios, slider } from "../parts/controls.js";
import { filledTrack, make, note, say, status, table } from "../parts/drawing.js";
import { LiveFigure, define } from "../parts/live-figure.js";
import { howMany, percent } from "../parts/wording.js";

/**
 * `data.corpora` lists what interpbook.widgets.deep_figures.read_backs returns, each with a `name`, the
 * `study` whose shares stand beside, and its `shares`: for each method, k and m the share, and the
 * low and the high end of its interval.
 */
class ReadBack extends LiveFigure {
  async start() {
    const { corpora } = this.data;
    this.items = corpora.flatMap((corpus) => corpus.texts.map((item) => ({ corpus, item })));
    const { methods, locations, words } = corpora[0];
    this.method = 0;
    const redraw = () => this.update();
    const sentences = this.items.map(({ corpus, item }, i) => [i, `${corpus.name}: ${item.text}`]);
    const [sentenceField, sentence] = choice("Sentence", sentences, 0, redraw);
    const steps = (name, values) =>
      slider(name, { min: 0, max: values.length - 1, value: 2, format: (at) => String(values[at]) }, redraw);
    const [kField, k] = steps("k, locations", locations);
    const [mField, m] = steps("m, words of each", words);
    const methodField = radios("Where the words come from", methods.map((name, i) => [String(i), name]), "0", (event) => {
      this.method = Number(event.target.value);
      this.update();
    });
    this.parts = {
      sentence, k, m,
      answer: status(),
      original: make("p"),
      words: make("div"),
      chances: make("div"),
      shares: make("div"),
      about: note(),
    };
    const { answer, original, words: back, chances, shares, about } = this.parts;
    this.replaceChildren(
      controls(sentenceField),
      controls(methodField, make("div", {}, kField, mField)),
      original,
      answer,
      make("div", { class: "live-beside" }, back, chances),
      shares,
      about,
    );
    this.update();
  }

  update() {
    const { corpus, item } = this.items[this.parts.sentence.value];
    const [k, m] = [Number(this.parts.k.value), Number(this.parts.m.value)];
    const places = item.words[this.method]
      .slice(0, corpus.locations[k])
      .map((place) => place.slice(0, corpus.words[m]).map((word) => corpus.vocabulary[word]));
    const after = item.after[this.method][k][m];
    const [said, again] = [argmax(item.before), argmax(after)];
    this.publish({
      text: item.text, method: corpus.methods[this.method], k: corpus.locations[k], m: corpus.words[m],
      words: places, before: item.before, after, said: corpus.classes[said], again: corpus.classes[again],
      kept: said === again,
    });
    this.parts.original.textContent = `“${item.text}”`;
    this.drawAnswer(item.before[said], after[again]);
    this.drawWords(places);
    this.drawChances(corpus);
    this.drawShares(corpus, k, m);
  }

  drawAnswer(sure, surely) {
    const { said, again, kept } = this.result;
    say(
      this.parts.answer,
      `${kept ? "Kept" : "Not kept"}: of the sentence the model says ${said} (${percent(sure)}), ` +
        `of the words ${again} (${percent(surely)}).`,
    );
  }

  drawWords(places) {
    const heaps = this.result.method === "random words";
    const rows = places.map((place, i) => [String(i + 1), place.join(" ")]);
    this.parts.words.replaceChildren(
      table(
        `${howMany(places.flat().length, "word")} read back`,
        [heaps ? "heap" : "location", heaps ? "words" : "words, nearest first"],
        rows,
      ),
    );
  }

  drawChances({ classes }) {
    const { before, after, said, again } = this.result;
    const rows = classes.map((name, c) => [name, chanceBar(before[c], name === said), chanceBar(after[c], name === again)]);
    this.parts.chances.replaceChildren(
      table("What the model says", ["class", "sentence", "words"], rows),
    );
  }

  /** How often each method keeps the class at this k and m: here, and in the study. */
  drawShares(corpus, k, m) {
    const { name, study, methods, texts, shares } = corpus;
    const rows = methods.map((method, i) => {
      const kept = texts.filter(({ before, after }) => argmax(before) === argmax(after[i][k][m])).length;
      const [share, low, high] = shares[i][k][m];
      return [
        i === this.method ? make("strong", {}, method) : method,
        `${kept} of ${texts.length}`,
        `${percent(share)} (${percent(low)} to ${percent(high)})`,
      ];
    });
    const { k: locations, m: words } = this.result;
    this.parts.shares.replaceChildren(
      table(`Classes kept at k = ${locations}, m = ${words}`, ["words from", `${name} here`, "full study"], rows),
    );
    say(
      this.parts.about,
      `Full study: ${study}, in brackets the interval at 95 per cent. Above, the class in bold is the one that the model says.`,
    );
  }
}

/** A probability as a bar from the left; the largest is in bold. */
function chanceBar(chance, strong) {
  const number = make(strong ? "strong" : "span", { class: "live-number" }, percent(chance));
  return filledTrack("live-track live-chance", "live-for", chance, number);
}

define("textcnn-readback", ReadBack);
