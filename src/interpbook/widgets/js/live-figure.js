// What all live figures share: they start when the reader reaches them, say what went wrong, and
// tell whoever listens what they computed.

import { make } from "./drawing.js";
import { loadModel } from "./models.js";

const AHEAD = "300px"; // how far below the window a figure starts to load

/** A custom element; a subclass builds itself in `start`, which may wait for a model. */
export class LiveFigure extends HTMLElement {
  connectedCallback() {
    if (this.watcher) return; // moved within the page
    this.watcher = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        this.watcher.disconnect();
        this.begin();
      },
      { rootMargin: AHEAD },
    );
    this.watcher.observe(this);
  }

  async begin() {
    this.classList.add("live");
    this.setAttribute("aria-busy", "true");
    try {
      this.data; // read it before `start` replaces what is inside
      await this.start();
      this.dataset.state = "ready";
    } catch (error) {
      this.dataset.state = "failed";
      this.replaceChildren(
        make("p", { role: "alert" }, `This figure could not start: ${error.message}.`),
        make("button", { type: "button", onclick: () => this.begin() }, "Try again"),
      );
    }
    this.removeAttribute("aria-busy");
  }

  /** The model of this name; in a notebook the host sets `source`, which asks Python. */
  load(name = this.getAttribute("model") ?? "imdb") {
    return (this.source ?? loadModel)(name);
  }

  /**
   * Load the model that a list names now, and keep it with its name. False, and a sentence in `answer`,
   * if it did not come; false if the reader has chosen another one meanwhile.
   */
  async switchModel(list, answer) {
    const name = list.value;
    answer.textContent = "Loading the model …";
    let model;
    try {
      model = await this.load(name);
    } catch (error) {
      if (list.value === name) list.value = this.name;
      answer.textContent = `This model could not be loaded: ${error.message}.`;
      return false;
    }
    if (list.value !== name) return false;
    [this.model, this.name] = [model, name];
    return true;
  }

  /** What the page, or the notebook, gave the figure to show: JSON in a script inside the element. */
  get data() {
    this.given ??= JSON.parse(this.querySelector("script[type='application/json']")?.textContent ?? "{}");
    return this.given;
  }

  set data(value) {
    this.given = value;
  }

  /** Keep a result where scripts find it, and fire a `result` event. */
  publish(result) {
    this.result = result;
    this.dispatchEvent(new CustomEvent("result", { detail: result, bubbles: true }));
  }
}

/** Define a custom element, unless an earlier cell of the notebook has done so. */
export function define(name, figure) {
  if (!customElements.get(name)) customElements.define(name, figure);
}
