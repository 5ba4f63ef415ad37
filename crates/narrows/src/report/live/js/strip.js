// Strips as a picture to take away: every shown row with its name, λ over the columns, which images the ends are.

import { element } from "./dom.js";
import { scaleName } from "./errors.js";
import { fullNameOf } from "./data.js";
import { lambdaOf } from "./path.js";

/** Canvas pixels for one of the layout's: sharp in print. */
const SHARPNESS = 2;
const CELL = 72;
const GAP = 4;
const NAMES = 190;
const MARGIN = 20;
/** From the top to the λ over the columns, and from there to the first row. */
const TITLE = 58;
const HEAD = 12;
const FOOT = 52;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";

/** The strips of `paths` between two images, on white. */
export function stripCanvas(paths, from, to) {
  const steps = paths[0].strip.length;
  const width = MARGIN + NAMES + steps * (CELL + GAP) - GAP + MARGIN;
  const top = MARGIN + TITLE + HEAD;
  const height = top + paths.length * (CELL + GAP) - GAP + FOOT + MARGIN;
  const canvas = element("canvas", { width: SHARPNESS * width, height: SHARPNESS * height });
  const context = canvas.getContext("2d");
  context.scale(SHARPNESS, SHARPNESS);
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  const left = MARGIN + NAMES;

  const text = (words, x, y, room, { size = 14, weight = 400, align = "left", colour = "#1f2328" } = {}) => {
    context.font = `${weight} ${size}px ${FONT}`;
    context.textAlign = align;
    context.fillStyle = colour;
    context.fillText(fitting(context, words, room), x, y);
  };
  text(`From ${fullNameOf(from)}, to ${fullNameOf(to)}`, MARGIN, MARGIN + 18, width - 2 * MARGIN, { size: 18, weight: 600 });
  text(document.title, MARGIN, MARGIN + 38, NAMES + 4 * CELL, { size: 13, colour: "#565d65" });
  text("λ", left - 16, MARGIN + TITLE + 4, 20, { align: "right", weight: 600 });
  for (let step = 0; step < steps; step++) {
    const x = left + step * (CELL + GAP) + CELL / 2;
    text(lambdaOf(step).toFixed(2), x, MARGIN + TITLE + 4, CELL, { align: "center" });
  }
  paths.forEach((path, row) => {
    const y = top + row * (CELL + GAP);
    context.fillStyle = path.way.paint;
    context.fillRect(MARGIN, y, 4, CELL);
    text(path.way.name, MARGIN + 14, y + CELL / 2 - 2, NAMES - 30, { weight: 600 });
    text(path.way.note(), MARGIN + 14, y + CELL / 2 + 17, NAMES - 30, { size: 12, colour: "#565d65" });
    path.strip.forEach(({ canvas: picture }, step) => {
      context.drawImage(picture, left + step * (CELL + GAP), y, CELL, CELL);
    });
  });
  const foot = height - MARGIN - 22;
  const notes = [
    "decoder(λ·encoder(B) + (1 − λ)·encoder(A)); left is image A, λ = 0; right is image B, λ = 1. The pixel blend mixes the images.",
    `Test error: mean squared error per pixel, pixels in ${scaleName()}.`,
  ];
  notes.forEach((note, line) => text(note, MARGIN, foot + 18 * line, width - 2 * MARGIN, { size: 12, colour: "#565d65" }));
  return canvas;
}

/** A text that is cut where there is no room for it. */
function fitting(context, words, room) {
  if (context.measureText(words).width <= room) return words;
  let end = words.length;
  while (end > 1 && context.measureText(`${words.slice(0, end)}…`).width > room) end--;
  return `${words.slice(0, end)}…`;
}
