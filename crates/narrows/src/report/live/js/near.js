// Beside the map: what is decoded at the cross, the test image whose code is nearest to the cross's, and the next nearest.

import { nearest } from "./codes.js";
import { fullNameOf } from "./data.js";
import { element } from "./dom.js";
import { Thumbs } from "./thumbs.js";

/** The nearest test image and so many more. */
export const NEXT = 8;

export class Near {
  constructor(study) {
    this.decoded = study.picture("Decoded at the cross");
    this.nearest = study.picture("Nearest test image");
    this.rebuilt = study.picture("Its reconstruction");
    this.next = new Thumbs(study, "map-neighbours", NEXT);
    this.where = element("span", { id: "map-where" });
    this.what = element("p", { className: "caption", id: "map-what", role: "status" });
    this.how = element("p", { className: "caption" });
    const figure = (className, picture, ...caption) =>
      element("figure", { className }, picture.canvas, element("figcaption", {}, ...caption));
    this.root = element("div", { className: "column side" },
      element("div", { className: "at-point" },
        figure("decoded", this.decoded, "decoded at the cross ", this.where),
        figure("thumb", this.nearest, "nearest test image"),
        figure("thumb", this.rebuilt, "its reconstruction")),
      this.what,
      element("h3", {}, "The next nearest test images"), this.next.root, this.how);
  }

  /** Shows what belongs to a code, and returns the rows of the nearest images, the nearest first. */
  show(model, code, point, set, codes, shown) {
    this.decoded.paint(model.decode(code));
    this.where.textContent = placeText(point);
    const rows = nearest(codes, code, NEXT + 1, shown);
    const [first, ...others] = rows.map((row) => set.at(row));
    this.how.textContent = explainNearest(model.latent);
    this.next.show(others);
    this.what.hidden = !first;
    if (!first) return rows;
    this.nearest.paintRow(first.values);
    this.rebuilt.paint(model.reconstruct(first.values));
    this.what.textContent = `nearest: ${fullNameOf(first)}`;
    return rows;
  }
}

/** A point of the map as text. */
export function placeText(point) {
  return point.map((x) => x.toFixed(2).replace("-", "−")).join(", ");
}

/** What near means, and how it is marked. */
export function explainNearest(latent) {
  const all = { 1: "the one number of a code", 2: "both numbers of a code" }[latent] ?? `all ${latent} numbers of a code`;
  return `Nearest by the distance between codes, in ${all}. On the map a line leads from the cross to the nearest, \
which has a thick ring; the next have thin ones. Classes that are hidden do not count.`;
}
