// An interpolation of a table as lines over its columns: a line for each of some λ, the palest where the way begins, and a thick
// one for the λ that is chosen.

import { standardised } from "./columns.js";
import { element, refill, shortened, svg } from "./dom.js";
import { scale } from "./scale.js";

const HEIGHT = 250;
const MARGIN = { top: 8, right: 12, bottom: 98, left: 64 };
/** The least distance of two names, and the letters of one. */
const [NAME_GAP, LETTERS] = [17, 13];
/** How much of the colour the first line has. */
const PALEST = 0.2;

export class Lines {
  constructor(columns, label) {
    Object.assign(this, { columns, rows: [], live: null, width: 640 });
    this.picture = svg("svg", { class: "chart lines", role: "img", "aria-label": label });
    this.root = element("div", { className: "lines-place" }, this.picture);
    new ResizeObserver(([entry]) => {
      this.width = Math.max(240, Math.round(entry.contentRect.width));
      this.draw();
    }).observe(this.root);
  }

  /** Shows raw rows, from the first λ to the last. */
  show(rows) {
    this.rows = rows.map((row) => this.columns.map((column, i) => standardised(column, row[i])));
    this.draw();
  }

  /** Shows one raw row as the thick line. */
  mark(row) {
    this.live = this.columns.map((column, i) => standardised(column, row[i]));
    if (this.line && this.down) this.line.setAttribute("points", this.points(this.live));
  }

  draw() {
    if (!this.rows.length) return;
    const { columns, width } = this;
    const finite = this.rows.flat().filter(Number.isFinite);
    const [low, high] = [finite.reduce((a, b) => Math.min(a, b), -1), finite.reduce((a, b) => Math.max(a, b), 1)];
    const floor = HEIGHT - MARGIN.bottom;
    this.down = scale(low - 0.1, high + 0.1, floor, MARGIN.top);
    this.across = scale(-0.5, columns.length - 0.5, MARGIN.left, width - MARGIN.right);
    const every = Math.ceil((NAME_GAP * columns.length) / (width - MARGIN.left - MARGIN.right));
    const last = Math.max(1, this.rows.length - 1);
    this.line = svg("polyline", { class: "curve thick", points: this.live ? this.points(this.live) : "" });
    this.picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.picture.setAttribute("width", width);
    this.picture.setAttribute("height", HEIGHT);
    refill(this.picture,
      ...this.down.ticks.filter(Number.isInteger).flatMap((y) => [
        svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: this.down.place(y), y2: this.down.place(y), class: "grid" }),
        svg("text", { x: MARGIN.left - 6, y: this.down.place(y) + 4, "text-anchor": "end" }, String(y).replace("-", "−"))]),
      ...columns.flatMap((column, i) => (i % every ? [] : [this.name(column, i, floor)])),
      ...this.rows.map((row, i) => svg("polyline", {
        class: "curve", points: this.points(row), "stroke-opacity": (PALEST + ((1 - PALEST) * i) / last).toFixed(2) })),
      this.line);
  }

  name(column, i, floor) {
    const [x, y] = [this.across.place(i), floor + 14];
    return svg("text", { x, y, "text-anchor": "end", transform: `rotate(-40 ${x} ${y})` },
      svg("title", {}, column.name), shortened(column.name, LETTERS));
  }

  points(row) {
    return row.flatMap((y, i) => (Number.isFinite(y) ? [`${this.across.place(i).toFixed(1)},${this.down.place(y).toFixed(1)}`] : [])).join(" ");
  }
}
