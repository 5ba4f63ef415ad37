// The points of the map and the names of their classes.

import { classColour, styleColour } from "./colours.js";

/** The radius of a point when all of the map is seen; it grows a little with it, up to the largest. */
const DOT = 1.9;
const LARGEST_DOT = 4.5;
/** The radius of a class's name, and the space that two of them keep. */
const NAME = 12;
const APART = 28;

/** Paints the points `[u, v, u, v, …]` of a set of images, coloured by class, without those of the `hidden` classes. */
export function paintPoints(paint, view, points, set, classes, hidden) {
  paint.scale(devicePixelRatio, devicePixelRatio);
  const radius = Math.min(LARGEST_DOT, DOT * Math.sqrt(view.scale / view.least) * (view.width < 500 ? 0.8 : 1));
  const names = [];
  (classes.length ? classes : [null]).forEach((label, index) => {
    if (hidden.has(label)) return;
    const [xs, ys] = [[], []];
    paint.fillStyle = label === null ? styleColour("--accent") : classColour(index);
    paint.globalAlpha = 0.8;
    paint.beginPath();
    for (let row = 0; row < set.rows; row++) {
      if (label !== null && set.labels[row] !== label) continue;
      const [left, top] = view.toScreen(points[2 * row], points[2 * row + 1]);
      xs.push(left);
      ys.push(top);
      if (left < -5 || top < -5 || left > view.width + 5 || top > view.height + 5) continue;
      paint.moveTo(left + radius, top);
      paint.arc(left, top, radius, 0, 7);
    }
    paint.fill();
    if (label !== null && xs.length) names.push({ label, index, left: median(xs), top: median(ys) });
  });
  paint.globalAlpha = 1;
  moveApart(names);
  paintNames(paint, names);
}

/** Each class is named where it lies, so that nobody has to tell ten colours apart. */
function paintNames(paint, names) {
  paint.font = `700 15px ${getComputedStyle(document.body).fontFamily}`;
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  paint.lineWidth = 3;
  for (const { label, index, left, top } of names) {
    paint.beginPath();
    paint.arc(left, top, NAME, 0, 7);
    paint.fillStyle = styleColour("--stage");
    paint.fill();
    paint.strokeStyle = classColour(index);
    paint.stroke();
    paint.fillStyle = styleColour("--ink");
    paint.fillText(label, left, top + 1);
  }
}

/** Pushes names off one another, each pair by halves, a few times over. */
function moveApart(names) {
  for (let round = 0; round < 20; round++) {
    names.forEach((a, i) => {
      for (const b of names.slice(i + 1)) {
        const [dx, dy] = [b.left - a.left, b.top - a.top];
        const distance = Math.hypot(dx, dy) || 1;
        const push = (APART - distance) / 2;
        if (push <= 0) continue;
        a.left -= (push * dx) / distance;
        a.top -= (push * dy) / distance;
        b.left += (push * dx) / distance;
        b.top += (push * dy) / distance;
      }
    });
  }
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
