// What each model makes of a drawing, as a table: reconstruction, error, and what a classifier sees.

import { modelColour } from "./colours.js";
import { element } from "./dom.js";
import { errorText, onScale, reconstructionError, scaleName } from "./errors.js";
import { Picture } from "./picture.js";

/** `7, 98 %`, with a space that does not break: the class that a classifier finds most probable in an image of brightness from 0 to 1. */
export function seenAs(judge, unit) {
  const { name, share } = judge.mostProbable(unit);
  return `${name}, ${Math.round(100 * share)}\u00a0%`;
}

/** A row for every model; `show` fills them. */
export class Drawn {
  constructor(study) {
    this.rows = study.models.map((model) => new Row(study, model));
    const headings = ["model", "decoded", "difference", "error", ...(study.judge ? ["classifier sees"] : [])];
    const scale = element("span", {});
    const sayScale = () => (scale.textContent = scaleName());
    this.root = element("div", { className: "results-place" },
      element("table", { className: "results", id: "drawn" },
        element("caption", {}, "What the models make of it"),
        element("thead", {}, element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)))),
        element("tbody", {}, ...this.rows.map((row) => row.root))),
      element("p", { className: "caption explain" },
        "Difference: ", element("span", { className: "more" }, "orange"), " is ink that the model adds, ",
        element("span", { className: "less" }, "blue"), " is ink that it leaves out. Error: the mean squared error per pixel, in ",
        scale, ".",
        study.judge
          ? " The classifier has learned the classes from real training images, and names the class that it finds most probable."
          : null));
    sayScale();
    this.image = null;
    onScale(() => {
      sayScale();
      this.show(this.image);
    });
  }

  show(image) {
    this.image = image;
    for (const row of this.rows) row.show(image);
  }
}

class Row {
  constructor(study, model) {
    this.model = model;
    this.judge = study.judge;
    this.empty = new Float32Array(model.features);
    this.picture = new Picture(study.image, `Your drawing as ${model.name} reconstructs it`);
    this.difference = new Picture(study.image, `What ${model.name} adds and leaves out`);
    // White where there is no difference, to its corners.
    this.difference.canvas.style.background = "none";
    this.number = element("span", {});
    this.says = element("span", { className: "says" });
    this.root = element("tr", { style: `--colour:${modelColour(model.index)}` },
      element("th", { scope: "row", className: "name" }, model.name),
      element("td", {}, this.picture.canvas), element("td", {}, this.difference.canvas),
      element("td", {}, this.number), this.judge && element("td", {}, this.says));
    this.root.dataset.model = model.name;
  }

  show(image) {
    const unit = image ? this.model.reconstruct(image.values) : this.empty;
    this.picture.paint(unit);
    this.difference.paintError(image ? image.values : this.empty, unit);
    this.number.textContent = image ? errorText(this.model, reconstructionError(this.model, image.values)) : "–";
    if (this.judge) this.says.textContent = image ? seenAs(this.judge, unit) : "–";
  }
}
