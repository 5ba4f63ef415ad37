// The page: reads what it carries, and builds its parts.

import { read } from "./address.js";
import { useStyles } from "./colours.js";
import { element } from "./dom.js";
import { canDraw, draw } from "./draw.js";
import { scaleChoice } from "./errors.js";
import { ImageSet } from "./images.js";
import { interpolate } from "./interpolate.js";
import { map } from "./map.js";
import { Judge, Model } from "./model.js";
import { build } from "./parts.js";
import { readBlob, readDescription, Reader } from "./payload.js";
import { copyLink } from "./save.js";
import { sliders } from "./sliders.js";
import { offerTables } from "./tables.js";
import { training } from "./training.js";

async function start() {
  const study = await readStudy();
  useStyles(study.models);
  const errors = scaleChoice(study.models);
  const restoreScale = () => errors?.restore();
  read();
  restoreScale();
  // What parts tell one another: the last drawing, and whom to give it to.
  const shared = { drawing: null, use: null };
  const parts = [
    interpolate(study, shared),
    map(study),
    sliders(study),
    ...(canDraw(study.image) ? [draw(study, shared)] : []),
    training(study),
  ];
  const choice = errors && element("div", { className: "control in-line", title: "The range from black to white in which errors are measured" }, element("span", {}, "Errors in"), errors.root);
  build(document.getElementById("live"), parts, [choice, copyLink()].filter(Boolean), restoreScale);
  offerTables();
  offer(study);
  requestAnimationFrame(() => performance.mark("usable"));
}

/** What is needed at once is read at once; the large sets follow, the training set when somebody asks for it. */
async function readStudy() {
  const study = readDescription();
  const features = study.image.height * study.image.width;
  const [parameters, pairs, originals, snapshots] = (
    await Promise.all(["parameters", "pairs", "originals", "snapshots"].map(readBlob))
  ).map((buffer) => new Reader(buffer));
  study.models = study.models.map((description, index) => new Model(description, index, parameters));
  study.judge = study.judge && new Judge(study.judge, parameters);
  for (const end of study.pairs.flat()) end.pixels = pairs.bytes(features);
  for (const original of study.originals) original.pixels = originals.bytes(features);
  for (const model of study.models) {
    model.snapshots = model.snapshots.map((epoch) => ({
      epoch, images: study.originals.map(() => snapshots.bytes(features)),
    }));
  }
  const parts = { test: study.test, train: study.train };
  study.classes = parts.test.classes;
  study.train_rows = parts.train.rows;
  study.test = afterPaint().then(() => readSet("test"));
  let train = null;
  study.trainingImages = () => (train ??= readSet("train"));
  async function readSet(name) {
    return new ImageSet(name, parts[name], features, new Reader(await readBlob(name)), study.class_names);
  }
  return study;
}

function afterPaint() {
  return new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
}

/**
 * For the console: narrows.models, narrows.encode("three-layer", pixels), narrows.decode("three-layer", code), and where
 * there is a judge, narrows.judge(brightness): the probability of each class.
 */
function offer(study) {
  const named = (name) => {
    const model = study.models.find((model) => model.name === name);
    if (!model) throw new RangeError(`no model is called ${name}; there are ${study.models.map((m) => m.name).join(", ")}`);
    return model;
  };
  globalThis.narrows = Object.freeze({
    models: study.models.map((model) => model.name),
    encode: (name, pixels) => Array.from(named(name).encode(pixels)),
    decode: (name, code) => Array.from(named(name).decode(Float32Array.from(code))),
    judge: study.judge && ((unit) => study.judge.probabilities(Float32Array.from(unit))),
  });
}

start();
