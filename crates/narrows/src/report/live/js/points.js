// The points of the map and the names of their classes.

import { styleColour } from "./colours.js";
import { shortened } from "./dom.js";
import { moveApart } from "./names.js";

/** The radius of a point when all of the map is seen; it grows a little with it, up to the largest. */
const DOT = 1.9;
const LARGEST_DOT = 4.5;
/** The height of a class's name, and the space beside its text. */
const NAME = 24;
const PADDING = 7;
/** The letters of a name on the map. */
const LETTERS = 18;

/** Paints the points `[u, v, u, v, …]` of a set of rows, coloured by group, without those of the `hidden` groups. */
export function paintPoints(paint, view, points, set, { groups, of }, hidden) {
  paint.scale(devicePixelRatio, devicePixelRatio);
  paint.font = `700 15px ${getComputedStyle(document.body).fontFamily}`;
  const radius = Math.min(LARGEST_DOT, DOT * Math.sqrt(view.scale / view.least) * (view.width < 500 ? 0.8 : 1));
  const places = groups.map(() => []);
  for (let row = 0; row < set.rows; row++) {
    places[of(set.labels?.[row])].push(view.toScreen(points[2 * row], points[2 * row + 1]));
  }
  const names = [];
  // The last group may be all other classes: it lies under the others.
  [...groups.keys()].reverse().forEach((index) => {
    if (hidden.has(index)) return;
    paint.fillStyle = groups[index].colour();
    paint.globalAlpha = 0.8;
    paint.beginPath();
    for (const [left, top] of places[index]) {
      if (!view.shows(left, top, 5)) continue;
      paint.moveTo(left + radius, top);
      paint.arc(left, top, radius, 0, 7);
    }
    paint.fill();
    if (!groups[index].named || !places[index].length) return;
    const [left, top] = [0, 1].map((axis) => median(places[index].map((place) => place[axis])));
    // A class whose middle is out of sight has no name there.
    if (!view.shows(left, top, 0)) return;
    const label = shortened(groups[index].name, LETTERS);
    const width = Math.max(NAME, paint.measureText(label).width + 2 * PADDING);
    names.push({ label, colour: groups[index].colour(), left, top, width, height: NAME });
  });
  paint.globalAlpha = 1;
  moveApart(names, view);
  paintNames(paint, names);
}

/** Each class is named where it lies, so that nobody has to tell ten colours apart. */
function paintNames(paint, names) {
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  paint.lineWidth = 3;
  for (const { label, colour, left, top, width, height } of names) {
    paint.beginPath();
    paint.roundRect(left - width / 2 + 1, top - height / 2 + 1, width - 2, height - 2, height / 2);
    paint.fillStyle = styleColour("--stage");
    paint.fill();
    paint.strokeStyle = colour;
    paint.stroke();
    paint.fillStyle = styleColour("--ink");
    paint.fillText(label, left, top + 1);
  }
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
