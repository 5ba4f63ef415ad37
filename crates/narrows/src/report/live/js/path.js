// One way between two rows, as a row of the part: what it is called, what is at λ, and what a classifier sees there.

import { modelColour } from "./colours.js";
import { element } from "./dom.js";
import { inScale, written } from "./errors.js";
import { blend } from "./model.js";

/** Steps that are shown, both ends among them. */
export const STEPS = 10;

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

/**
 * A row of the part. Those of images and of tables have methods of their own beside: `drawSteps()` shows the steps between the two
 * ends, and `drawAt(row)` what is at λ.
 */
export class Path {
  /** `shown` is what stands beside the name. */
  constructor(study, way, shown) {
    this.way = way;
    this.judge = study.judge;
    this.says = study.judge ? element("span", { className: "says" }) : null;
    this.note = element("span", { className: "note-small" });
    this.controls = element("span", { className: "row-controls" });
    this.root = element(
      "div", { className: "path", style: `--colour:${way.colour}`, role: "group", "aria-label": way.name },
      element("div", { className: "name" }, element("strong", {}, way.name), this.note, this.says, this.controls),
      ...shown);
    this.root.dataset.model = way.name;
    this.describe();
  }

  /** Writes what is known of the way, in the chosen scale. */
  describe() {
    this.note.textContent = this.way.note();
  }

  /** Draws the steps between two rows. */
  between(from, to) {
    this.codes = [this.way.encode(from.values), this.way.encode(to.values)];
    this.drawSteps();
  }

  at(lambda) {
    return this.way.decode(blend(this.codes[0], this.codes[1], lambda));
  }

  show(lambda) {
    const row = this.at(lambda);
    this.drawAt(row);
    if (this.judge) this.says.textContent = this.judge.says(row);
  }
}
