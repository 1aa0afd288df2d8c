// What a reader changes a figure with: each control stands under its name.

import { make } from "./drawing.js";

/** A row of controls. */
export function controls(...children) {
  return make("div", { class: "live-controls" }, ...children);
}

/** A control under its name. */
export function field(name, control, { wide = false } = {}) {
  return make(
    "label",
    { class: wide ? "live-field live-wide" : "live-field" },
    make("span", { class: "live-name" }, name),
    control,
  );
}

/** A text area. */
export function textBox(name, value, oninput, rows = 2) {
  const box = make("textarea", { rows, spellcheck: "false", oninput });
  box.value = value;
  return [field(name, box, { wide: true }), box];
}

/** A button. At rest (`aria-disabled`) it does nothing but keeps the focus, which a disabled one would lose. */
export function button(text, onclick) {
  const press = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") !== "true" && onclick();
  return make("button", { type: "button", onclick: press }, text);
}

/** Texts to try, each a button, after a word that says so; nothing if there are none. */
export function orTry(texts, onclick) {
  return texts.length ? ["Or try: ", ...texts.map((text, i) => button(text, () => onclick(text, i)))] : [];
}

/** A list to choose from; options are [value, text] pairs. */
export function choice(name, options, value, onchange) {
  const list = make("select", { onchange });
  setOptions(list, options, value);
  return [field(name, list), list];
}

export function setOptions(list, options, value) {
  list.replaceChildren(...options.map(([key, text]) => make("option", { value: key }, text)));
  list.value = value;
}

/** A list of classes to choose from; `onchange` gets a class, or null for the one that is predicted. */
export function classChoice(name, classes, label, onchange) {
  const chosen = () => onchange(list.value === "" ? null : Number(list.value));
  const [labelled, list] = choice(name, [], "", chosen);
  setClasses(list, classes, label);
  return [labelled, list];
}

export function setClasses(list, classes, label) {
  const options = classes.map((name, q) => [q, name]);
  setOptions(list, [["", "the predicted class"], ...options], label ?? "");
}

/** A few ways to choose from at a glance; options are [value, text] pairs. */
export function radios(name, options, value, onchange) {
  const group = `live-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([key]) =>
    make("input", { type: "radio", name: group, value: key, checked: key === value, onchange }),
  );
  const labels = options.map(([, text], i) => make("label", {}, inputs[i], ` ${text}`));
  return make("fieldset", { class: "live-radios" }, make("legend", {}, name), ...labels);
}

/** A switch. */
export function checkbox(name, checked, onchange) {
  const box = make("input", { type: "checkbox", checked, onchange });
  return [make("label", { class: "live-check" }, box, ` ${name}`), box];
}

/** A slider with its value beside it; `format` says the value in words. */
export function slider(name, { min, max, step = 1, value, format = String }, oninput) {
  const input = make("input", { type: "range", min, max, step });
  const output = make("output", { "aria-hidden": "true" });
  input.value = value;
  const say = () => {
    output.textContent = format(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    say();
    oninput(Number(input.value));
  });
  input.say = say; // after a change of the slider's range from outside
  say();
  const label = field(name, make("span", { class: "live-slider" }, input, output));
  return [label, input];
}

/** A slider for lambda, where the global view clips its scores. */
export function clipSlider(name, value, oninput) {
  return slider(name, { min: 0.5, max: 20, step: 0.5, value, format: (at) => at.toFixed(1) }, oninput);
}
