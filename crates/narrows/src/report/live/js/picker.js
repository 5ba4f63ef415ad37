// Choosing a row, an image or one of a table: one of the pairs, any of a class, or one's own drawing.

import { fullNameOf, titleOf } from "./data.js";
import { button, choice, element } from "./dom.js";

const ANY = "any";
const DRAWING = "drawing";

/** The value of a choice that means row `index` of what stands fixed. */
const FIXED = "fixed ";
/** That means any test row of a class. */
const CLASS = "class ";

/** A picture, its name in a choice of others, and a button for another one like it. */
export class Picker {
  /**
   * `label` stands over the choice; `fixed` are images that are offered by name. `chosen(image)` hears of a choice; with
   * `drawing`, the reader's drawing is offered, and `drawing()` gives it.
   */
  constructor(study, { id, label, fixed, fixedLabel, drawing, chosen }) {
    Object.assign(this, { study, label, fixed, drawing, chosen, like: ANY });
    const random = [[ANY, "any class"], ...study.classes.map((one) => [`${CLASS}${one}`, `class ${one}`])];
    const { root, select } = choice(label, [
      ["", ""],
      ...(fixed.length ? [{ label: fixedLabel, options: fixed.map((image, i) => [`${FIXED}${i}`, fullNameOf(image)]) }] : []),
      { label: `A random test ${study.noun}`, options: study.classes.length ? random : [[ANY, "any"]] },
      ...(drawing ? [{ label: "Your own", options: [[DRAWING, "your drawing"]] }] : []),
    ], (value) => this.pick(value), "");
    this.select = select;
    this.current = select.options[0];
    this.current.hidden = true;
    this.picture = study.picture(label, 56);
    this.root = element("div", { className: "picker", id }, this.picture.canvas,
      element("div", {}, root,
        button("Another", () => this.pick(this.like), { title: `Another random test ${study.noun}` })));
  }

  /** Shows an image that was chosen here or elsewhere. */
  show(image) {
    this.image = image;
    this.picture.paintRow(image.values);
    this.picture.label = `${this.label}: ${titleOf(image)}`;
    // The choice always names what is shown, also an image that it does not offer.
    this.current.textContent = fullNameOf(image);
    this.select.value = "";
  }

  async pick(value) {
    this.select.value = "";
    if (value === DRAWING) {
      const image = this.drawing();
      if (image) this.chosen(image);
      else location.hash = "#draw";
    } else if (value.startsWith(FIXED)) {
      this.chosen(this.fixed[Number(value.slice(FIXED.length))]);
    } else {
      this.like = value;
      const image = (await this.study.test).any(value === ANY ? null : value.slice(CLASS.length));
      if (image) this.chosen(image);
    }
  }
}
