// What is marked on the map: the point, the test image whose code is nearest to it, and the next nearest.

import { styleColour } from "./colours.js";

const ARMS = [[1, 0], [-1, 0], [0, 1], [0, -1]];
/** From where to where the arms of the cross reach, and the radii of the rings, in pixels. */
const [INNER, OUTER] = [4, 13];
const [NEAREST, NEXT] = [8, 5];

/** Paints over the points: a cross at `point`, a ring and a line to the first of `rows`, thin rings around the others. */
export function paintMarks(paint, view, point, points, rows) {
  paint.strokeStyle = styleColour("--ink");
  const at = view.toScreen(...point);
  rows.forEach((row, order) => {
    const [left, top] = view.toScreen(points[2 * row], points[2 * row + 1]);
    const radius = order === 0 ? NEAREST : NEXT;
    paint.lineWidth = order === 0 ? 2.5 : 1.25;
    if (order === 0) line(paint, at, [left, top], OUTER + 2, radius);
    paint.beginPath();
    paint.arc(left, top, radius, 0, 7);
    paint.stroke();
  });
  cross(paint, at);
}

/** A cross that is seen on points of any colour: ink with an edge of paper. */
function cross(paint, [left, top]) {
  for (const [colour, width] of [["--stage", 5], ["--ink", 2.5]]) {
    paint.strokeStyle = styleColour(colour);
    paint.lineWidth = width;
    paint.beginPath();
    for (const [dx, dy] of ARMS) {
      paint.moveTo(left + INNER * dx, top + INNER * dy);
      paint.lineTo(left + OUTER * dx, top + OUTER * dy);
    }
    paint.stroke();
  }
}

/** Dashed, from `a` to `b`, without `before` pixels at the one end and `after` at the other. */
function line(paint, a, b, before, after) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy);
  if (length <= before + after) return;
  const along = (pixels) => [a[0] + (dx * pixels) / length, a[1] + (dy * pixels) / length];
  paint.save();
  paint.lineWidth = 1.5;
  paint.setLineDash([4, 4]);
  paint.beginPath();
  paint.moveTo(...along(before));
  paint.lineTo(...along(length - after));
  paint.stroke();
  paint.restore();
}
