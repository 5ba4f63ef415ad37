// The page: reads what it carries, and builds its parts.

import { read } from "./address.js";
import { useStyles } from "./colours.js";
import { RowSet } from "./data.js";
import { element } from "./dom.js";
import { canDraw, draw } from "./draw.js";
import { scaleChoice } from "./errors.js";
import { interpolate } from "./interpolate.js";
import { map } from "./map.js";
import { Judge, Model } from "./model.js";
import { build } from "./parts.js";
import { readBlob, readDescription, Reader } from "./payload.js";
import { Picture } from "./picture.js";
import { Profile } from "./profile.js";
import { copyLink } from "./save.js";
import { sliders } from "./sliders.js";
import { offerTables } from "./tables.js";
import { training } from "./training.js";

async function start() {
  const study = await readStudy();
  useStyles(study);
  const errors = scaleChoice(study);
  const restoreScale = () => errors?.restore();
  read();
  restoreScale();
  // What parts tell one another: the last drawing, and whom to give it to.
  const draws = study.image !== null && canDraw(study.image);
  const shared = { drawing: null, use: null, draws };
  const parts = [
    interpolate(study, shared),
    map(study),
    sliders(study),
    ...(draws ? [draw(study, shared)] : []),
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
  const { image, columns } = study;
  study.table = image === null;
  // What a row is called.
  study.noun = study.table ? "row" : "image";
  study.features = study.table ? columns.length : image.height * image.width * image.channels;
  study.read = (reader, rows = 1) => (study.table ? reader.singles(rows * study.features) : reader.bytes(rows * study.features));
  study.picture = (label, size = null) => (study.table ? new Profile(columns, label, size) : new Picture(image, label, size));
  const [parameters, pairs, originals, snapshots] = (
    await Promise.all(["parameters", "pairs", "originals", "snapshots"].map(readBlob))
  ).map((buffer) => new Reader(buffer));
  study.models = study.models.map((description, index) => new Model(description, index, parameters, study.table));
  study.judge = study.judge && new Judge(study.judge, parameters, study.table);
  for (const end of study.pairs.flat()) end.values = study.read(pairs);
  for (const original of study.originals) original.values = study.read(originals);
  for (const model of study.models) {
    model.snapshots = model.snapshots.map((epoch) => ({
      epoch, images: study.originals.map(() => study.read(snapshots)),
    }));
  }
  const parts = { test: study.test, train: study.train };
  study.classes = parts.test.classes;
  study.train_rows = parts.train.rows;
  study.test = afterPaint().then(() => readSet("test"));
  let train = null;
  study.trainingRows = () => (train ??= readSet("train"));
  async function readSet(name) {
    return new RowSet(study, name, parts[name], new Reader(await readBlob(name)));
  }
  return study;
}

function afterPaint() {
  return new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
}

/**
 * For the console: narrows.models, narrows.encode("three-layer", values), narrows.decode("three-layer", code), and where
 * there is a judge, narrows.judge(shown): the probability of each class.
 */
function offer(study) {
  const named = (name) => {
    const model = study.models.find((model) => model.name === name);
    if (!model) throw new RangeError(`no model is called ${name}; there are ${study.models.map((m) => m.name).join(", ")}`);
    return model;
  };
  globalThis.narrows = Object.freeze({
    models: study.models.map((model) => model.name),
    encode: (name, values) => Array.from(named(name).encode(values)),
    decode: (name, code) => Array.from(named(name).decode(Float32Array.from(code))),
    judge: study.judge && ((shown) => study.judge.probabilities(Float32Array.from(shown))),
  });
}

start();
