// One latent's slider, between pictures of what its ends decode to.

import { element } from "./dom.js";

/** Positions of a slider. */
const POSITIONS = 200;

export class Latent {
  /** Of latent `index`, which the start image has at `home`. `moved(value)` hears of every move, `ended()` of its end. */
  constructor(study, model, index, home, moved, ended) {
    // An image outside the percentiles is still on its slider.
    this.low = Math.min(model.low[index], home);
    this.high = Math.max(model.high[index], home);
    Object.assign(this, { model, index });
    const { low, high } = this;
    this.input = element("input", {
      type: "range", min: 0, max: POSITIONS, step: 1, "aria-label": `latent ${index + 1}`,
      oninput: () => moved(low + ((high - low) * this.input.value) / POSITIONS),
      onchange: ended,
    });
    this.value = element("output", { className: "caption" });
    this.ends = [low, high].map((at) => ({ at, picture: study.picture(`latent ${index + 1} at ${at.toFixed(2)}`, 40) }));
    const dot = element("span", { className: "home", ariaHidden: "true", style: `--at:${this.share(home)}` });
    this.root = element("div", { className: "latent" },
      element("span", { className: "caption" }, `z${index + 1}`), this.ends[0].picture.canvas,
      element("div", { className: "track" }, dot, this.input), this.ends[1].picture.canvas, this.value);
  }

  share(value) {
    return this.high > this.low ? (value - this.low) / (this.high - this.low) : 0.5;
  }

  /** Shows a code's value, and what the ends decode to in its place. */
  show(code) {
    const text = code[this.index].toFixed(2);
    this.input.value = POSITIONS * this.share(code[this.index]);
    this.input.setAttribute("aria-valuetext", text);
    this.value.textContent = text;
    for (const { at, picture } of this.ends) {
      const end = code.slice();
      end[this.index] = at;
      picture.paint(this.model.decode(end));
    }
  }
}
