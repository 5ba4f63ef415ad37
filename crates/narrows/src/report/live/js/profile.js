// A row of a table at a glance: a small bar for every column, up where the value is above the column's mean, down where below.

import { onTheme, styleColour } from "./colours.js";
import { standardised } from "./columns.js";
import { element } from "./dom.js";

/** Deviations from the mean that a bar reaches at most. */
export const REACH = 3;
/** Height by width, and canvas pixels to one of the page. */
const [SHAPE, SHARPNESS] = [0.7, 2];

/** Where a picture of an image would stand, and used as one. */
export class Profile {
  constructor(columns, label, size) {
    Object.assign(this, { columns, values: null });
    this.canvas = element("canvas", {
      className: "profile", width: SHARPNESS * size, height: Math.round(SHARPNESS * SHAPE * size),
      ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }),
      style: `width:${size}px`,
    });
    onTheme(() => this.values && this.paint(this.values));
  }

  set label(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  /** Raw values. */
  paint(values) {
    this.values = values;
    const { width, height } = this.canvas;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const [middle, pitch] = [height / 2, width / this.columns.length];
    context.fillStyle = styleColour("--accent");
    this.columns.forEach((column, i) => {
      const bar = Math.max(-REACH, Math.min(REACH, standardised(column, values[i]))) / REACH;
      // A missing value has no bar.
      if (bar) context.fillRect(i * pitch + pitch * 0.1, middle, Math.max(1, pitch * 0.8), -bar * (middle - 1));
    });
    context.fillStyle = styleColour("--muted");
    context.fillRect(0, middle - SHARPNESS / 4, width, SHARPNESS / 2);
  }

  paintRow(values) {
    this.paint(values);
  }
}
