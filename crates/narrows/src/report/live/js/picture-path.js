// One way between two images: the picture at λ, ten steps of the way, and the classifier's certainty along it.

import { element, svg } from "./dom.js";
import { lambdaOf, Path, STEPS } from "./path.js";

/** Where the classifier's curve is computed. */
const SAMPLES = 37;

export class PicturePath extends Path {
  /** `go(λ)` is called when a step is pressed. */
  constructor(study, way, go) {
    const live = study.picture(`${way.name} at λ`);
    const strip = Array.from({ length: STEPS }, () => study.picture(""));
    const cells = strip.map((picture, step) => {
      const at = lambdaOf(step).toFixed(2);
      // For the hand alone: the keyboard has the slider, which does the same.
      return element("button", {
        type: "button", className: "step", tabIndex: -1, title: `λ = ${at}`, onclick: () => go(lambdaOf(step)),
        "aria-label": `${way.name}, λ = ${at}`,
      }, picture.canvas);
    });
    const curve = study.judge ? svg("svg", { viewBox: "0 0 100 28", preserveAspectRatio: "none", class: "sure", role: "img" }) : null;
    super(study, way, [
      element("div", { className: "now" }, live.canvas),
      element("div", { className: "along" },
        element("div", { className: "strip" }, ...cells),
        curve && element("div", { className: "sure-place" }, element("span", {}, "100 %"), element("span", {}, "0"), curve),
        element("div", { className: "marker", ariaHidden: "true" })),
    ]);
    Object.assign(this, { live, strip, curve });
  }

  drawSteps() {
    this.strip.forEach((picture, step) => picture.paint(this.at(lambdaOf(step))));
    if (this.judge) this.drawCurve();
  }

  drawAt(image) {
    this.live.paint(image);
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
