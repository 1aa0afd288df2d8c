// The host in a notebook: an anywidget. Python holds the models; the figure's results go back to it.

import "./figures.js";
import { TextCNN } from "./network/textcnn.js";

const fromPython = new Map();

/** Ask Python for the weights of a model; every figure of this cell shares them. */
function askPython(model, name) {
  if (!fromPython.has(name)) {
    const answer = new Promise((resolve, reject) => {
      model.on("msg:custom", function listen(message, buffers) {
        if (message.model !== name) return;
        model.off("msg:custom", listen);
        if (message.error) return reject(new Error(message.error));
        const { buffer, byteOffset, byteLength } = buffers[0];
        resolve(new TextCNN(buffer.slice(byteOffset, byteOffset + byteLength)));
      });
      model.send({ model: name });
    });
    answer.catch(() => fromPython.delete(name));
    fromPython.set(name, answer);
  }
  return fromPython.get(name);
}

function render({ model, el }) {
  const figure = document.createElement(model.get("element"));
  for (const [name, value] of Object.entries(model.get("attributes"))) figure.setAttribute(name, value);
  figure.data = model.get("data");
  figure.source = (name) => askPython(model, name);
  // Else JupyterLab takes the arrow keys: its shortcuts look at this mark, its cells at what comes up.
  figure.dataset.lmSuppressShortcuts = "true";
  figure.addEventListener("keydown", (event) => event.stopPropagation());
  figure.addEventListener("result", ({ detail }) => {
    model.set("result", detail);
    model.save_changes();
  });
  el.append(figure);
}

export default { render };
