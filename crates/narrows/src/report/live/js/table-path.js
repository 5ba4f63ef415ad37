// One way between two rows of a table: a line over the columns for each of ten steps, and one for what is at λ.

import { element } from "./dom.js";
import { Lines } from "./lines.js";
import { lambdaOf, Path, STEPS } from "./path.js";

export class TablePath extends Path {
  constructor(study, way) {
    const lines = new Lines(study.columns, `${way.name}: standardised values of all columns, a line for each of ${STEPS} λ`);
    super(study, way, [element("div", { className: "along" }, lines.root)]);
    this.lines = lines;
  }

  drawSteps() {
    this.lines.show(Array.from({ length: STEPS }, (_, step) => this.at(lambdaOf(step))));
  }

  drawAt(row) {
    this.lines.mark(row);
  }
}
