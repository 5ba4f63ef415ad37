// One way between two images: the picture at λ, ten steps of the way, and what a classifier sees along it.

import { modelColour } from "./colours.js";
import { element, svg } from "./dom.js";
import { inScale, written } from "./errors.js";
import { blend } from "./model.js";

/** Images in a strip, both ends among them. */
export const STEPS = 10;
/** Where the classifier's curve is computed. */
const SAMPLES = 37;

/** λ of a step of the strip. */
export function lambdaOf(step) {
  return step / (STEPS - 1);
}

/** The rows themselves, mixed. */
export function blendOf({ table }) {
  return {
    name: table ? "blend of values" : "pixel blend", key: "~blend", note: () => "no model", colour: "var(--muted)", paint: "#565d65",
    encode: (values) => (table ? values : Float32Array.from(values, (p) => p / 255)),
    decode: (mixed) => mixed,
  };
}

/** Through a model's latent space. */
export function throughModel(model) {
  return {
    name: model.name, key: model.name,
    note: () => (model.test_error === null ? model.description : `test error ${written(inScale(model, model.test_error))}`),
    colour: modelColour(model.index), paint: model.style.light,
    encode: (values) => model.encode(values),
    decode: (code) => model.decode(code),
  };
}

/** A row of the part: a way with its pictures. `go(λ)` is called when a step is pressed. */
export class Path {
  constructor(study, way, go) {
    this.way = way;
    this.judge = study.judge;
    this.live = study.picture(`${way.name} at λ`);
    this.strip = Array.from({ length: STEPS }, () => study.picture(""));
    const cells = this.strip.map((picture, step) => {
      const at = lambdaOf(step).toFixed(2);
      // For the hand alone: the keyboard has the slider, which does the same.
      return element("button", {
        type: "button", className: "step", tabIndex: -1, title: `λ = ${at}`, onclick: () => go(lambdaOf(step)),
        "aria-label": `${way.name}, λ = ${at}`,
      }, picture.canvas);
    });
    this.curve = study.judge ? svg("svg", { viewBox: "0 0 100 28", preserveAspectRatio: "none", class: "sure", role: "img" }) : null;
    this.says = study.judge ? element("span", { className: "says" }) : null;
    this.note = element("span", { className: "note-small" });
    this.controls = element("span", { className: "row-controls" });
    this.root = element(
      "div", { className: "path", style: `--colour:${way.colour}`, role: "group", "aria-label": way.name },
      element("div", { className: "name" }, element("strong", {}, way.name), this.note, this.says, this.controls),
      element("div", { className: "now" }, this.live.canvas),
      element("div", { className: "along" },
        element("div", { className: "strip" }, ...cells),
        this.curve && element("div", { className: "sure-place" }, element("span", {}, "100 %"), element("span", {}, "0"), this.curve),
        element("div", { className: "marker", ariaHidden: "true" })));
    this.root.dataset.model = way.name;
    this.describe();
  }

  /** Writes what is known of the way, in the chosen scale. */
  describe() {
    this.note.textContent = this.way.note();
  }

  /** Draws the steps between two images. */
  between(from, to) {
    this.codes = [this.way.encode(from.values), this.way.encode(to.values)];
    this.strip.forEach((picture, step) => picture.paint(this.at(lambdaOf(step))));
    if (this.judge) this.drawCurve();
  }

  at(lambda) {
    return this.way.decode(blend(this.codes[0], this.codes[1], lambda));
  }

  show(lambda) {
    const image = this.at(lambda);
    this.live.paint(image);
    if (this.judge) this.says.textContent = this.judge.says(image);
  }

  /** The highest class probability along the way. */
  drawCurve() {
    const sure = Array.from({ length: SAMPLES }, (_, i) =>
      Math.max(...this.judge.probabilities(this.at(i / (SAMPLES - 1)))));
    // From the middle of the first picture to that of the last, as the marker.
    const points = sure.map((p, i) => `${(5 + (90 * i) / (SAMPLES - 1)).toFixed(2)},${(27 - 26 * p).toFixed(2)}`);
    const low = Math.min(...sure);
    this.curve.setAttribute("aria-label", `Classifier’s certainty along the way: at least ${Math.round(100 * low)} %`);
    this.curve.replaceChildren(
      svg("line", { x1: 5, x2: 95, y1: 1, y2: 1, class: "grid" }),
      svg("line", { x1: 5, x2: 95, y1: 27, y2: 27, class: "grid" }),
      svg("polyline", { points: points.join(" ") }));
  }
}
