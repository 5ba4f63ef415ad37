// Training: the curves, and the same reconstructions as they sharpen from epoch to epoch.

import { chart } from "./chart.js";
import { modelColour } from "./colours.js";
import { element, onFrame } from "./dom.js";
import { titleOf } from "./images.js";
import { Picture } from "./picture.js";

export function training(study) {
  const curves = study.models.flatMap((model) => [
    { name: model.name, colour: modelColour(model.index), points: model.curve, dashed: false },
    ...(model.published.length
      ? [{ name: `${model.name}, published`, colour: modelColour(model.index), points: model.published, dashed: true }]
      : []),
  ]).filter((curve) => curve.points.length);
  const root = element("div", { className: "training" });
  if (curves.length) {
    root.append(
      element("p", { className: "lead" }, "Move over the chart to read its values.",
        curves.some((curve) => curve.dashed) ? " Dashed curves are the published ones." : null),
      chart(curves, { xLabel: "epoch", yLabel: "average training loss" }).root);
  } else {
    root.append(element("p", { className: "lead" }, "The history of these models is not known."));
  }
  const epochs = [...new Set(study.models.flatMap((model) => model.snapshots.map(({ epoch }) => epoch)))].sort((a, b) => a - b);
  if (epochs.length > 1) root.append(scrubber(study, epochs));
  return { id: "training", title: "Training", root };
}

function scrubber(study, epochs) {
  const rows = study.models.filter((model) => model.snapshots.length).map((model) => {
    const pictures = study.originals.map((image) => new Picture(study.image, `${model.name}: ${titleOf(image)}`));
    const when = element("span", { className: "note-small" });
    const root = element("div", { className: "path", style: `--colour:${modelColour(model.index)}` },
      element("div", { className: "name" }, element("strong", {}, model.name), when),
      element("div", { className: "along strip" }, ...pictures.map(({ canvas }) => element("div", { className: "cell" }, canvas))));
    root.dataset.model = model.name;
    return { model, pictures, when, root };
  });
  const originals = study.originals.map((image) => {
    const picture = new Picture(study.image, `Original: ${titleOf(image)}`);
    picture.paintBytes(image.pixels);
    return element("div", { className: "cell" }, picture.canvas);
  });
  const slider = element("input", {
    type: "range", min: 0, max: epochs.length - 1, step: 1, value: epochs.length - 1, id: "epoch", oninput: () => draw(),
  });
  const value = element("output", { className: "value", htmlFor: "epoch" });
  const ticks = element("div", { className: "ticks", ariaHidden: "true" },
    ...epochs.map((epoch, i) => element("span", { style: `--at:${epochs.length > 1 ? i / (epochs.length - 1) : 0}` }, String(epoch))));
  const draw = onFrame(() => {
    const epoch = epochs[Number(slider.value)];
    value.textContent = epoch;
    slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
    for (const { model, pictures, when } of rows) {
      // A model that has no snapshot of this epoch shows its last before it.
      const snapshot = model.snapshots.filter((s) => s.epoch <= epoch).pop() ?? model.snapshots[0];
      snapshot.images.forEach((image, i) => pictures[i].paintBytes(image));
      when.textContent = snapshot.epoch === 0 ? "as it was drawn" : `after epoch ${snapshot.epoch}`;
    }
  });
  draw();
  return element("div", { className: "snapshots", id: "snapshots" },
    element("h3", {}, "The same reconstructions, while the models learn"),
    element("div", { className: "scrub" },
      element("label", { htmlFor: "epoch" }, "Epoch"), value, element("div", { className: "track" }, slider, ticks)),
    element("div", { className: "paths" },
      element("div", { className: "path" }, element("div", { className: "name" }, element("strong", {}, "original")),
        element("div", { className: "along strip" }, ...originals)),
      ...rows.map(({ root }) => root)));
}
