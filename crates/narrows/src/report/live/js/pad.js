// A pad to draw on, with mouse, pen, finger or keys.

import { element } from "./dom.js";

/** The pad's side, in units of its own, and the pen's radius: as thick as MNIST's digits are drawn. */
export const SIDE = 280;
export const RADIUS = 11;
/** What an arrow key moves the pen by, and with Shift. */
const STRIDE = 8;
const LONG_STRIDE = 32;

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Strokes, each a list of `[x, y]`; `onchange` hears of every point. With the keys a pen is moved and put down: its place and
 * whether it is down are in `said`, for those who do not see it.
 */
export class Pad {
  constructor(onchange) {
    this.strokes = [];
    this.onchange = onchange;
    this.pen = { at: [SIDE / 2, SIDE / 2], down: false, shown: false };
    this.said = element("p", { className: "caption", role: "status", id: "pad-pen" });
    this.canvas = element("canvas", {
      className: "pad", width: SIDE, height: SIDE, tabIndex: 0, role: "application", id: "pad",
      "aria-label": "A pad to draw on", "aria-describedby": "pad-keys",
      onpointerdown: (event) => this.begin(event),
      onpointermove: (event) => this.move(event),
      onpointerup: () => (this.drawing = false),
      onpointercancel: () => (this.drawing = false),
      onkeydown: (event) => this.key(event),
      onfocus: () => this.showPen(this.canvas.matches(":focus-visible")),
      onblur: () => this.showPen(false),
    });
    this.paint();
  }

  begin(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.showPen(false);
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

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (WAYS[event.key]) this.step(WAYS[event.key], event.shiftKey ? LONG_STRIDE : STRIDE);
    else if (event.key === " ") this.putDown(!this.pen.down);
    else if (event.key === "Escape") this.putDown(false);
    else if (event.key === "Backspace") this.undo();
    else return;
    event.preventDefault();
    this.pen.shown = true;
    this.paint();
    this.say();
  }

  step(way, stride) {
    this.pen.at = this.pen.at.map((x, axis) => Math.max(0, Math.min(SIDE, x + stride * way[axis])));
    if (!this.pen.down) return;
    this.strokes[this.strokes.length - 1].push([...this.pen.at]);
    this.changed();
  }

  putDown(down) {
    const touched = down && !this.pen.down;
    this.pen.down = down;
    if (!touched) return;
    this.strokes.push([[...this.pen.at]]);
    this.changed();
  }

  showPen(shown) {
    this.pen.shown = shown;
    if (!shown) this.pen.down = false;
    this.paint();
    this.say();
  }

  say() {
    const [across, down] = this.pen.at.map((x) => Math.round((100 * x) / SIDE));
    this.said.textContent = this.pen.shown
      ? `The pen is ${this.pen.down ? "down" : "up"}, ${across} % from the left and ${down} % from the top.` : "";
  }

  undo() {
    this.pen.down = false;
    this.strokes.pop();
    this.changed();
  }

  clear() {
    this.pen.down = false;
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
    if (this.pen.shown) this.paintPen(context);
  }

  /** A ring where the pen is, filled while it is down; blue is seen on black and on white. */
  paintPen(context) {
    context.beginPath();
    context.arc(...this.pen.at, RADIUS, 0, 7);
    context.lineWidth = 3;
    context.strokeStyle = context.fillStyle = "#2f8fd8";
    context.stroke();
    if (this.pen.down) context.fill();
  }
}
