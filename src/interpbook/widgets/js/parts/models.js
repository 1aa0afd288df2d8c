// Where a figure on a page gets its model from: a file beside the bundle, loaded once, when asked. It is
// a script, because a browser that shows a page from a local folder refuses to fetch files.

import { crc32 } from "../network/numbers.js";
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

const bundle = globalThis.document?.currentScript;
const folder = bundle?.src.replace(/[^/]*$/, "");
const checksums = JSON.parse(bundle?.dataset.weights ?? "{}"); // of each model's weights, from the build
const models = new Map();
const failed = new Set();

/** Load a model of the site by name; every figure of the page shares it. */
export function loadModel(name) {
  if (!models.has(name)) {
    const loading = loadWeights(name).then((bytes) => new TextCNN(bytes.buffer));
    loading.catch(() => {
      models.delete(name); // so that the next try is a new one
      failed.add(name);
    });
    models.set(name, loading);
  }
  return models.get(name);
}

/** Load a model's weights, and make sure that they are those of this page: whole, and of its version. */
async function loadWeights(name) {
  const file = `${folder}${name}.js`;
  const expected = checksums[name];
  const text = await loadText(name, file, `${file}?v=${expected}`);
  const bytes = fromBase64(text);
  if (!bytes || crc32(bytes) !== expected)
    throw new Error(`${file} was expected to hold this page’s weights, but it is cut, damaged or another file; try again`);
  return bytes;
}

/**
 * Load what a file says of a model. After a failure the browser asks the server again, since what it has
 * kept may be what was bad; a folder is read as it is.
 */
async function loadText(name, file, address) {
  if (location.protocol === "file:") {
    await runScript(file, address);
    const text = globalThis.textcnnWeights?.[name];
    delete globalThis.textcnnWeights?.[name];
    return text;
  }
  const answer = await fetch(address, { cache: failed.has(name) ? "reload" : "default" }).catch(() => null);
  if (!answer?.ok) throw new Error(`${file} did not load`);
  const text = await answer.text().catch(() => "");
  return text.match(/= "([^"]*)";\s*$/)?.[1];
}

/** The bytes that a text stands for; null if it stands for none. */
function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  } catch {
    return null;
  }
}

function runScript(file, address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => {
      script.remove();
      reject(new Error(`${file} did not load`));
    };
    document.head.append(script);
  });
}
