// Draw: a digit of one's own, as each model sees it.

import { codesOf, nearest } from "./codes.js";
import { modelColour } from "./colours.js";
import { button, choice, element, onFrame, refill } from "./dom.js";
import { digit } from "./digit.js";
import { titleOf } from "./images.js";
import { Pad, RADIUS } from "./pad.js";
import { Picture, squaredError } from "./picture.js";

/** Nearest training images that are shown. */
const NEIGHBOURS = 8;

export function draw(study, desk) {
  const pad = new Pad(onFrame(changed));
  const seen = new Picture(study.image, "Your drawing as the models see it", 112);
  const rows = study.models.map((model) => new Row(study, model));
  let deepest = study.models.reduce((best, model) => (better(model, best) ? model : best));
  const by = choice("Codes of",
    study.models.map((model) => [model.index, model.name]), (index) => {
      deepest = study.models[index];
      find();
    }, deepest.index);
  const neighbours = element("div", { className: "neighbours", id: "drawn-neighbours" });
  const hint = element("span", { className: "hint" }, "draw a digit here");
  const toA = button("Use as image A", () => use("a"));
  const toB = button("Use as image B", () => use("b"));
  const dependent = [toA, toB];

  const root = element(
    "div", { className: "draw" },
    element("p", { className: "lead" },
      "Draw a digit. It is scaled into a box of 20 × 20 pixels and centred by its mass, as MNIST’s digits were; every model \
encodes it and gives back what it understood."),
    element("div", { className: "columns" },
      element("div", { className: "column" },
        element("div", { className: "pad-place" }, pad.canvas, hint),
        element("div", { className: "buttons" }, button("Clear", () => pad.clear()), button("Undo", () => pad.undo()),
          button("A test image", example)),
        element("div", { className: "seen" }, seen.canvas,
          element("div", {},
            element("span", { className: "caption" }, "as the models see it"), toA, toB))),
      element("div", { className: "column" },
        element("div", { className: "results", id: "drawn" },
          element("div", { className: "result head" },
            ...["model", "reconstruction", "error", "per pixel"].map((text) => element("span", { className: "caption" }, text))),
          ...rows.map((row) => row.root)),
        element("p", { className: "caption explain" }, "Error: ",
          element("span", { className: "more" }, "orange"), " where the model puts ink that the image has not, ",
          element("span", { className: "less" }, "blue"), " where it leaves some out; per pixel, the mean squared error in \
the [0, 1] scale.")),
      element("div", { className: "column wide" },
        element("h3", {}, "Nearest training images"),
        by.root, neighbours,
        element("p", { className: "caption" }, `Of ${study.train_rows.toLocaleString("en")} training images, by the distance of codes.`))));

  function changed() {
    const pixels = digit(pad.strokes, RADIUS, study.image);
    show(pixels && { pixels, label: null, name: "my drawing" });
  }

  async function example() {
    pad.clear();
    show((await study.test).any());
  }

  function show(image) {
    desk.drawing = image;
    for (const one of dependent) one.disabled = !image;
    hint.hidden = pad.strokes.length > 0;
    root.classList.toggle("empty", !image);
    seen.paintBytes(image ? image.pixels : new Uint8Array(study.image.width * study.image.height));
    for (const row of rows) row.show(image);
    find();
  }

  const find = onFrame(async () => {
    const image = desk.drawing;
    const by = deepest;
    if (!image) return refill(neighbours, element("p", { className: "caption" }, "Nothing is drawn yet."));
    const set = await study.trainingImages();
    const codes = await codesOf(by, set, (share) => {
      refill(neighbours, element("p", { className: "caption" }, `Encoding the training images: ${Math.round(100 * share)} %`));
    });
    if (image !== desk.drawing || by !== deepest) return;
    refill(neighbours, ...nearest(codes, by.encode(image.pixels), NEIGHBOURS).map((row) => {
      const near = set.at(row);
      const picture = new Picture(study.image, `Training image ${near.name}: ${titleOf(near)}`, 56);
      picture.paintBytes(near.pixels);
      return element("figure", { className: "thumb" }, picture.canvas, element("figcaption", {}, titleOf(near)));
    }));
  });

  function use(end) {
    desk.use(end, desk.drawing);
    location.hash = "#interpolate";
  }

  show(null);
  return { id: "draw", title: "Draw", root };
}

function better(model, than) {
  return (model.test_error ?? Infinity) < (than.test_error ?? Infinity);
}

/** What one model makes of the drawing. */
class Row {
  constructor(study, model) {
    this.model = model;
    this.empty = new Float32Array(model.features);
    this.picture = new Picture(study.image, `The drawing by ${model.name}`, 72);
    this.error = new Picture(study.image, `Error of ${model.name}`, 72);
    // White where there is no error, to its corners.
    this.error.canvas.style.background = "none";
    this.number = element("output", {});
    this.root = element("div", { className: "result", style: `--colour:${modelColour(model.index)}` },
      element("div", { className: "name" }, element("strong", {}, model.name)),
      this.picture.canvas, this.error.canvas, this.number);
    this.root.dataset.model = model.name;
  }

  show(image) {
    const unit = image ? this.model.reconstruct(image.pixels) : this.empty;
    this.picture.paint(unit);
    this.error.paintError(image ? image.pixels : this.empty, unit);
    this.number.textContent = image ? squaredError(image.pixels, unit).toFixed(4) : "–";
  }
}
