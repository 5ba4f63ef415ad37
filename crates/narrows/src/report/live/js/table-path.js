// One way between two rows of a table: lines over the columns, and what a classifier sees at λ.

import { element } from "./dom.js";
import { Lines } from "./lines.js";
import { blend } from "./model.js";
import { lambdaOf, STEPS } from "./path.js";

/** A row of the part, used as the path of images is. */
export class TablePath {
  constructor(study, way) {
    this.way = way;
    this.judge = study.judge;
    this.lines = new Lines(study.columns, `${way.name}: standardised values of all columns, a line for each of ${STEPS} λ`);
    this.says = study.judge ? element("span", { className: "says" }) : null;
    this.note = element("span", { className: "note-small" });
    this.controls = element("span", { className: "row-controls" });
    this.root = element(
      "div", { className: "path", style: `--colour:${way.colour}`, role: "group", "aria-label": way.name },
      element("div", { className: "name" }, element("strong", {}, way.name), this.note, this.says, this.controls),
      element("div", { className: "along" }, this.lines.root));
    this.root.dataset.model = way.name;
    this.describe();
  }

  describe() {
    this.note.textContent = this.way.note();
  }

  between(from, to) {
    this.codes = [this.way.encode(from.values), this.way.encode(to.values)];
    this.lines.show(Array.from({ length: STEPS }, (_, step) => this.at(lambdaOf(step))));
  }

  at(lambda) {
    return this.way.decode(blend(this.codes[0], this.codes[1], lambda));
  }

  show(lambda) {
    const row = this.at(lambda);
    this.lines.mark(row);
    if (this.judge) this.says.textContent = this.judge.says(row);
  }
}
