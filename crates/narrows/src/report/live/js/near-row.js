// Beside the map of a table: the values that are decoded at the cross, those of the test row whose code is nearest, and what the
// model reconstructs of it.

import { nearest } from "./codes.js";
import { element } from "./dom.js";
import { fullNameOf } from "./data.js";
import { NEXT, explainNearest, placeText } from "./near.js";
import { Thumbs } from "./thumbs.js";
import { Values } from "./values.js";

export class NearRow {
  constructor(study) {
    this.where = element("span", { id: "map-where" });
    this.what = element("p", { className: "caption", id: "map-what", role: "status" });
    this.how = element("p", { className: "caption" });
    this.values = new Values(study.columns, { id: "map-values", label: "Values at the cross and of the nearest test row" });
    this.next = new Thumbs(study, "map-neighbours", NEXT);
    this.root = element("div", { className: "column side" },
      element("p", { className: "caption" }, "The cross is at ", this.where, ". All values are in the units of the data."),
      this.what, this.values.root,
      element("h3", {}, "The next nearest test rows"), this.next.root,
      element("p", { className: "caption" }, "A bar for each column: up where the value is above the column’s mean, down where below."),
      this.how);
  }

  /** Shows what belongs to a code, and returns the rows whose codes are nearest, the nearest first. */
  show(model, code, point, set, codes, shown) {
    const rows = nearest(codes, code, NEXT + 1, shown);
    const [first, ...others] = rows.map((row) => set.at(row));
    this.where.textContent = placeText(point);
    this.how.textContent = explainNearest(model.latent);
    this.next.show(others);
    this.what.hidden = !first;
    this.what.textContent = first ? `nearest: ${fullNameOf(first)}` : "";
    // What a layer gives lasts until its next call, so each list is made before the next.
    const lists = [first?.values, first && model.reconstruct(first.values), model.decode(code)];
    this.values.show(["nearest", "reconstructed", "at the cross"], lists);
    return rows;
  }
}
