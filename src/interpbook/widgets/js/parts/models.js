// Where a figure on a page gets its model from: a script beside the bundle, loaded once, when asked.
// Scripts load from a local folder too, where a browser refuses to fetch files.

import { TextCNN } from "../network/textcnn.js";

const TITLES = {
  imdb: "Film reviews (IMDB)",
  ag_news: "News topics (AG’s News)",
  mr: "Film reviews, a sentence each (MR)",
  reviews: "Reviews written for this book",
  headlines: "Headlines written for this book",
};
const OFFERED = ["imdb", "ag_news"];

/** The models that a reader may choose from, as [name, title] pairs: those offered, and the first one. */
export function modelChoices(first, offered = OFFERED) {
  const names = offered.includes(first) ? offered : [first, ...offered];
  return names.map((name) => [name, TITLES[name] ?? name]);
}

const folder = globalThis.document?.currentScript?.src.replace(/[^/]*$/, "");
const models = new Map();

/** Load a model of the site by name; every figure of the page shares it. */
export function loadModel(name) {
  if (!models.has(name)) {
    const loading = loadScript(`${folder}${name}.js`).then(() => {
      const binary = atob(globalThis.textcnnWeights[name]);
      delete globalThis.textcnnWeights[name];
      return new TextCNN(Uint8Array.from(binary, (sign) => sign.charCodeAt(0)).buffer);
    });
    loading.catch(() => models.delete(name)); // so that the next try is a new one
    models.set(name, loading);
  }
  return models.get(name);
}

function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => {
      script.remove();
      reject(new Error(`${address} did not load`));
    };
    document.head.append(script);
  });
}
