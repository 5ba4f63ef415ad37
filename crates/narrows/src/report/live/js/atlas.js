// The canvas of the map: which part of the plane is seen, its points, and the marks on them.

import { onTheme } from "./colours.js";
import { element, onFrame } from "./dom.js";
import { paintMarks } from "./marks.js";
import { extent } from "./plane.js";
import { paintPoints } from "./points.js";
import { View } from "./view.js";

export class Atlas {
  /** Of groups of classes, of which those in `hidden`, by place, are not drawn. */
  constructor(groups, hidden) {
    Object.assign(this, { groups, hidden, view: new View(), points: null, set: null, point: [0, 0], rows: [] });
    this.canvas = element("canvas", {
      className: "plane", tabIndex: 0, role: "application", id: "plane", "aria-describedby": "map-keys",
      "aria-label": "Map of the codes. Arrow keys move the cross, plus and minus magnify.",
    });
    // Points are painted when the view changes, marks over a copy of them whenever the cross moves.
    this.base = document.createElement("canvas");
    this.redraw = onFrame(() => this.paint());
    onTheme(this.redraw);
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  /** Shows the points of a set of images, all of them; without points it is empty. */
  show(points, set) {
    Object.assign(this, { points, set, rows: [] });
    this.all();
  }

  /** Marks a point of the plane, and the points of the rows that are nearest to it. */
  mark(point, rows) {
    Object.assign(this, { point, rows });
    this.paintTop();
  }

  all() {
    if (this.points) this.view.fit(extent(this.points, 0), extent(this.points, 1));
    this.redraw();
  }

  /** Magnifies; what stands at `at`, or else at the cross, stays there. */
  zoom(factor, at = this.view.toScreen(...this.point)) {
    this.view.zoom(factor, ...at);
    this.redraw();
  }

  pan(right, down) {
    this.view.pan(right, down);
    this.redraw();
  }

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.view.resize(width, height);
    this.redraw();
  }

  paint() {
    this.base.width = this.canvas.width;
    this.base.height = this.canvas.height;
    if (this.points) {
      paintPoints(this.base.getContext("2d"), this.view, this.points, this.set, this.groups, this.hidden);
    }
    this.paintTop();
  }

  paintTop() {
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.base, 0, 0);
    if (!this.points) return;
    context.scale(devicePixelRatio, devicePixelRatio);
    paintMarks(context, this.view, this.point, this.points, this.rows);
  }
}
