// A pad to draw on, with mouse, pen or finger.

import { element } from "./dom.js";

/** The pad's side, in units of its own, and the pen's radius: as thick as MNIST's digits are drawn. */
export const SIDE = 280;
export const RADIUS = 11;

/** Strokes, each a list of `[x, y]`; `onchange` hears of every point. */
export class Pad {
  constructor(onchange) {
    this.strokes = [];
    this.onchange = onchange;
    this.canvas = element("canvas", {
      className: "pad", width: SIDE, height: SIDE, role: "img",
      "aria-label": "A pad to draw on with the mouse, a pen or a finger",
      onpointerdown: (event) => this.begin(event),
      onpointermove: (event) => this.move(event),
      onpointerup: () => (this.drawing = false),
      onpointercancel: () => (this.drawing = false),
    });
    this.paint();
  }

  begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.strokes.push([this.point(event)]);
    this.changed();
  }

  move(event) {
    if (!this.drawing) return;
    const between = event.getCoalescedEvents?.() ?? [];
    const points = (between.length ? between : [event]).map((e) => this.point(e));
    this.strokes[this.strokes.length - 1].push(...points);
    this.changed();
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.x) / box.width) * SIDE, ((event.clientY - box.y) / box.height) * SIDE];
  }

  undo() {
    this.strokes.pop();
    this.changed();
  }

  clear() {
    this.strokes = [];
    this.changed();
  }

  changed() {
    this.paint();
    this.onchange(this.strokes);
  }

  paint() {
    const context = this.canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    context.lineWidth = 2 * RADIUS;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#fff";
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(...stroke[0]);
      for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(...point);
      context.stroke();
    }
  }
}
