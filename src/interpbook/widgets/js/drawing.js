// The pieces that live figures are made of. Text of a reader only ever becomes text nodes and
// attributes, never markup. Colour is never the only carrier: words that speak for a class are
// underlined solid, those against it dotted, and the strongest ones carry their number.

/** Make an element: attributes, then children (elements or text). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Write a number with its sign, as the book does: +1.23, −0.40. */
export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  return Number(text) === 0 ? text : (value > 0 ? "+" : "−") + text;
}

export function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Count things: 1 word, 2,000 words. */
export function howMany(number, what) {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

/** What a legend adds if the model did not read the whole text; empty if it did. */
export function unreadRemark({ tokens, unread }) {
  return unread ? ` The model reads the first ${tokens.length} words; ${unread} more are left out.` : "";
}

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

/** A table that scrolls inside itself; cells are text or elements, the first of a row is its header. */
export function table(caption, header, rows) {
  const head = make("tr", {}, ...header.map((cell) => make("th", { scope: "col" }, cell)));
  const body = rows.map(([first, ...cells]) =>
    make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((cell) => make("td", {}, cell))),
  );
  return make(
    "div",
    { class: "live-scroll", tabindex: 0, role: "group", "aria-label": caption },
    make(
      "table",
      {},
      make("caption", {}, caption),
      make("thead", {}, head),
      make("tbody", {}, ...body),
    ),
  );
}

/** A bar from a middle line, as long as |value| / largest of half its box; its number stands beside it. */
export function bar(value, largest, text = signed(value)) {
  const share = largest > 0 ? Math.min(Math.abs(value) / largest, 1) : 0;
  const side = value < 0 ? "live-against" : "live-for";
  return make(
    "span",
    { class: "live-bar" },
    make(
      "span",
      { class: "live-track", "aria-hidden": "true" },
      make("span", { class: `live-fill ${side}`, style: `--share: ${share.toFixed(4)}` }),
    ),
    make("span", { class: "live-number" }, text),
  );
}

/** A paragraph below a figure. */
export function note(...children) {
  return make("p", { class: "live-note" }, ...children);
}

/** A line that screen readers speak when it changes. */
export function status() {
  return make("p", { class: "live-status", role: "status" });
}

/** Change a text only if it is another one, so that it is not spoken again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put a newly drawn text in the place of the old one; a word that had the focus has it again. */
export function redrawText(parent, text) {
  const at = [...parent.querySelectorAll(".live-word")].indexOf(document.activeElement);
  parent.replaceChildren(text);
  if (at >= 0) parent.querySelectorAll(".live-word")[at]?.focus({ preventScroll: true });
}

/**
 * A text whose words are coloured by scores. The strongest gets the full colour; those that reach
 * `labelAbove` of it carry their number. With `onselect` each word is a button: a pointer or the
 * focus selects it, the arrow keys move along, and Tab goes past the whole sentence.
 *
 * @param {{text: string, spans: {start: number, end: number}[], scores: number[], known?: boolean[],
 *   name: string, describe: (i: number) => string, selected?: number,
 *   onselect?: (i: number) => void, labelAbove?: number, mark?: (i: number) => string,
 *   hover?: boolean, strongest?: number}} options `describe` is what a screen reader says of a word;
 *   `mark` may add a class to it; without `hover` a pointer has to click; `strongest` is the score of
 *   the full colour, where several texts share it
 */
export function colouredText(options) {
  const { text, spans, scores, known, name, describe, selected = 0, onselect } = options;
  const { labelAbove = 0.25, mark, hover = true } = options;
  const strongest = options.strongest || Math.max(...scores.map(Math.abs), 0) || 1;
  const box = make("div", { class: "live-text", dir: "auto", role: onselect ? "toolbar" : "group", "aria-label": name });
  let end = 0;
  const words = spans.map((span, i) => {
    const share = scores[i] / strongest;
    const classes = ["live-word"];
    if (Math.abs(share) >= 0.05) classes.push(share > 0 ? "live-for" : "live-against");
    if (known && !known[i]) classes.push("live-unknown");
    if (mark?.(i)) classes.push(mark(i));
    const word = make(
      onselect ? "button" : "span",
      {
        class: classes.join(" "),
        style: `--share: ${Math.abs(share).toFixed(3)}`,
        title: describe(i),
        ...(onselect && { type: "button", tabindex: i === selected ? 0 : -1, "aria-label": describe(i) }),
      },
      text.slice(span.start, span.end),
    );
    if (Math.abs(share) >= labelAbove) word.dataset.number = signed(scores[i], strongest < 1 ? 2 : 1);
    box.append(text.slice(end, span.start), word);
    end = span.end;
    return word;
  });
  box.append(text.slice(end));
  if (onselect) makeToolbar(box, words, onselect, hover);
  return box;
}

/** Make one stop for Tab of many words; the arrow keys, or a pointer, select among them. */
export function makeToolbar(box, words, onselect, hover) {
  const select = (i) => {
    words.forEach((word, j) => (word.tabIndex = i === j ? 0 : -1));
    onselect(i);
  };
  words.forEach((word, i) => {
    word.addEventListener("focus", () => select(i));
    word.addEventListener(hover ? "pointerenter" : "click", () => select(i));
  });
  box.addEventListener("keydown", (event) => {
    const at = words.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: words.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    words[Math.min(Math.max(to, 0), words.length - 1)].focus();
  });
}
