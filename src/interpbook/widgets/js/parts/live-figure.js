// What all live figures share: they start when the reader reaches them, say what went wrong, and
// tell whoever listens what they computed.

import { button } from "./controls.js";
import { make, say } from "./drawing.js";
import { loadModel } from "./models.js";

const CONTROLS = "button, input, select, textarea, a[href], [tabindex='0']";
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
    this.tabIndex = 0; // until it has controls, or Tab would have passed them when they come
  }

  async begin() {
    this.classList.add("live");
    this.setAttribute("aria-busy", "true");
    try {
      this.data; // read it before `start` replaces what is inside
      await this.start();
      this.dataset.state = "ready";
      this.takeStop();
    } catch (error) {
      this.dataset.state = "failed";
      this.replaceChildren(
        make("p", { role: "alert" }, `This figure could not start: ${error.message}.`),
        button("Try again", () => this.begin()),
      );
      this.takeStop();
    }
    this.removeAttribute("aria-busy");
  }

  /** The first control takes over the stop that the figure was for Tab, and the focus if it was there. */
  takeStop() {
    const isHere = document.activeElement === this;
    this.removeAttribute("tabindex");
    if (isHere) this.querySelector(CONTROLS)?.focus({ preventScroll: true });
  }

  /** The model of this name; in a notebook the host sets `source`, which asks Python. */
  load(name = this.getAttribute("model") ?? "imdb") {
    return (this.source ?? loadModel)(name);
  }

  /**
   * Load a model that the reader has asked for, and say so in `answer`. Null, and a sentence there, if it
   * did not come; null if the reader has gone on to another one meanwhile.
   */
  async loadWanted(name, answer, isWanted) {
    say(answer, "Loading the model …");
    try {
      const model = await this.load(name);
      return isWanted() ? model : null;
    } catch (error) {
      say(answer, `This model could not be loaded: ${error.message}.`);
      return null;
    }
  }

  /**
   * Load the model of what a list says now; `modelOf` gives its name. If it did not come, the list goes
   * back to what the figure shows.
   */
  async loadListed(list, answer, shown, modelOf = (listed) => listed) {
    const listed = list.value;
    const isWanted = () => list.value === listed;
    const model = await this.loadWanted(modelOf(listed), answer, isWanted);
    if (!model && isWanted()) list.value = shown();
    return model;
  }

  /** Load the model that a list names now, and keep it with its name; say whether it came. */
  async switchModel(list, answer) {
    const name = list.value;
    const model = await this.loadListed(list, answer, () => this.name);
    if (model) [this.model, this.name] = [model, name];
    return Boolean(model);
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
