// Training: the curves, and the same reconstructions as they sharpen from epoch to epoch.

import { get, numberWithin, set } from "./address.js";
import { chart } from "./chart.js";
import { modelColour } from "./colours.js";
import { titleOf } from "./data.js";
import { element, onFrame } from "./dom.js";
import { inScale, measured, onScale, written } from "./errors.js";

const ID = "training";
/** Strokes and gaps of what others measured: dots, which no model's line has before the twenty-fifth. */
const PUBLISHED = "2 3";
/** Of losses on the validation set: short strokes, as in the report's chart of each model. */
const VALIDATION = "4 3";

export function training(study) {
  const root = element("div", { className: "training" }, lead(study));
  if (isKnown(study, "training") || isKnown(study, "published")) {
    const losses = isKnown(study, "validation") ? "training and validation loss" : "average training loss";
    const lines = chart(() => content(study), { xLabel: "epoch", yLabel: () => `${losses}, ${measured()}`, written });
    onScale(lines.draw);
    root.append(lines.root);
  }
  const epochs = [...new Set(study.models.flatMap((model) => model.snapshots.map(({ epoch }) => epoch)))].sort((a, b) => a - b);
  const snapshots = epochs.length > 1 ? new Snapshots(study, epochs) : null;
  if (snapshots) root.append(snapshots.root);
  return { id: ID, title: "Training", root, restore: () => snapshots?.restore() };
}

/** Whether any model has such a curve. */
function isKnown(study, curve) {
  return study.models.some((model) => model.curves[curve].length);
}

function lead(study) {
  const published = isKnown(study, "published");
  if (!isKnown(study, "training") && !published) {
    return element("p", { className: "lead" }, "How these models were trained is not known to this page.");
  }
  return element("p", { className: "lead" },
    "How the training loss fell from epoch to epoch. Move over the chart to read its values.",
    isKnown(study, "validation") ? " Dashed lines are the loss on the validation set after each epoch. A disc marks where it is least: the model has the parameters of that epoch." : null,
    published ? " Dotted lines are published curves, in the colour of the model they belong to." : null,
    study.bound ? ` The grey line is the error of ${study.bound.name} on the training set: no linear model with as many latents can be better.` : null);
}

/** What the chart shows, in the chosen scale. A model whose error is not known in it has no curve. */
function content(study) {
  const points = (model, curve) => curve.map(([epoch, error]) => [epoch, inScale(model, error)]).filter(([, y]) => y !== null);
  const curves = study.models.flatMap((model) => [
    { name: model.name, dash: model.style.dash, all: model.curves.training },
    { name: `${model.name}, validation`, dash: VALIDATION, all: model.curves.validation, mark: { x: model.curves.best_epoch, name: "least" } },
    { name: `${model.name}, published`, dash: PUBLISHED, all: model.curves.published },
  ].filter(({ all }) => all.length).map(({ all, ...curve }) => (
    { ...curve, colour: modelColour(model.index), points: points(model, all) })));
  const bound = study.bound && { name: study.bound.name, y: inScale(study.models[0], study.bound.error) };
  return { curves, bound: bound && bound.y !== null ? bound : null };
}

/** Pictures of what every model gave back after some epochs, and a slider over these epochs. */
class Snapshots {
  constructor(study, epochs) {
    this.epochs = epochs;
    this.rows = study.models.filter((model) => model.snapshots.length).map((model) => new SnapshotRow(study, model));
    this.slider = element("input", {
      type: "range", min: 0, max: epochs.length - 1, step: 1, id: "epoch",
      oninput: () => this.draw(),
      onchange: () => set(ID, "epoch", epochs[Number(this.slider.value)]),
    });
    this.value = element("output", { className: "value", htmlFor: "epoch" });
    const ticks = element("div", { className: "ticks", ariaHidden: "true" },
      ...epochs.map((epoch, i) => element("span", { style: `--at:${i / (epochs.length - 1)}` }, String(epoch))));
    const originals = study.originals.map((image) => {
      const picture = study.picture(`Original: ${titleOf(image)}`);
      picture.paintRow(image.values);
      return element("div", { className: "cell" }, picture.canvas);
    });
    this.root = element("div", { className: "snapshots", id: "snapshots" },
      element("h3", {}, "The same test images, reconstructed while the models learn"),
      element("div", { className: "scrub" },
        element("label", { htmlFor: "epoch" }, "Epoch"), this.value, element("div", { className: "track" }, this.slider, ticks)),
      element("div", { className: "paths" },
        element("div", { className: "path" }, element("div", { className: "name" }, element("strong", {}, "test image")),
          element("div", { className: "along strip" }, ...originals)),
        ...this.rows.map((row) => row.root)));
    this.draw = onFrame(() => {
      const epoch = epochs[Number(this.slider.value)];
      this.value.textContent = epoch;
      this.slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
      for (const row of this.rows) row.show(epoch);
    });
    this.restore();
  }

  /** Shows the epoch of the address, or the last. */
  restore() {
    const last = this.epochs[this.epochs.length - 1];
    const epoch = numberWithin(get(ID).epoch, this.epochs[0], last) ?? last;
    this.slider.value = this.epochs.filter((one) => one <= epoch).length - 1;
    this.draw();
  }
}

class SnapshotRow {
  constructor(study, model) {
    this.model = model;
    this.pictures = study.originals.map((image) => study.picture(`${model.name}: ${titleOf(image)}`));
    this.when = element("span", { className: "note-small" });
    this.root = element("div", { className: "path", style: `--colour:${modelColour(model.index)}` },
      element("div", { className: "name" }, element("strong", {}, model.name), this.when),
      element("div", { className: "along strip" },
        ...this.pictures.map(({ canvas }) => element("div", { className: "cell" }, canvas))));
    this.root.dataset.model = model.name;
  }

  /** A model that has no snapshot of this epoch shows its last before it. */
  show(epoch) {
    const snapshots = this.model.snapshots;
    const snapshot = snapshots.filter((one) => one.epoch <= epoch).pop() ?? snapshots[0];
    snapshot.images.forEach((image, i) => this.pictures[i].paintRow(image));
    this.when.textContent = snapshot.epoch === 0 ? "before training: random weights" : `after epoch ${snapshot.epoch}`;
  }
}
