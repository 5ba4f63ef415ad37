// Errors in one scale on the whole page: that of the models' input, as in the report, or that of brightness from 0 to 1.

import { ofPage, setOfPage } from "./address.js";
import { segments } from "./dom.js";

const MODEL = "model";
const UNIT = "unit";

let scale = MODEL;
let modelScale = "the models’ own scale";
let per = "pixels";
const redraws = [];

/** The choice of the scale; null where the models have but one, as those of a table. */
export function scaleChoice({ models, table }) {
  if (table) {
    per = "mean square over the columns";
    modelScale = models.every(({ input }) => input.scale.length > 1) ? "standardised units" : modelScale;
    return null;
  }
  const widths = [...new Set(models.map(widthOf))];
  if (widths.every((width) => width === 1 || width === null)) return null;
  if (widths.length === 1 && widths[0] === 2) modelScale = "[−1, 1]";
  const control = segments("Scale of errors", [[MODEL, modelScale], [UNIT, "[0, 1]"]], (chosen) => {
    setOfPage("scale", chosen === MODEL ? null : chosen);
    use(chosen);
  }, scale);
  return {
    root: control.root,
    /** Takes over what the address says. */
    restore() {
      use(ofPage().scale === UNIT ? UNIT : MODEL);
      control.select(scale);
    },
  };
}

/** Calls `redraw` when another scale is chosen. */
export function onScale(redraw) {
  redraws.push(redraw);
}

/** Of a model's mean squared error in its own scale: the number in the chosen scale; null where that is not known. */
export function inScale(model, error) {
  if (error === null || scale === MODEL) return error;
  const width = widthOf(model);
  return width === null ? null : error / width ** 2;
}

/** Of a mean squared error of brightness from 0 to 1: what to write. */
export function errorText(model, unitError) {
  const width = widthOf(model);
  if (scale === UNIT || width === null) return unitError.toFixed(5);
  return (unitError * width ** 2).toFixed(4);
}

/**
 * The mean squared error per pixel of a model's reconstruction of an image of bytes, in the [0, 1] scale of brightness. What lies
 * beyond black or white counts as the model gives it, as in the report, although no picture shows it.
 */
export function reconstructionError(model, pixels) {
  const { scale: factors, offset } = model.input;
  const one = factors.length === 1;
  const output = model.decoder.reduce((x, layer) => layer.forward(x), model.encode(pixels));
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) {
    sum += ((output[i] - offset[one ? 0 : i]) / (255 * factors[one ? 0 : i]) - pixels[i] / 255) ** 2;
  }
  return sum / pixels.length;
}

/** A number that `inScale` gave, as text. */
export function written(error) {
  return error === null ? "–" : error.toFixed(scale === UNIT ? 5 : 4);
}

/** What the chosen scale is called, after "in". */
export function scaleName() {
  return scale === UNIT ? "[0, 1]" : modelScale;
}

/** What errors are measured of, and in which scale. */
export function measured() {
  return `${per} in ${scaleName()}`;
}

function use(chosen) {
  if (chosen === scale) return;
  scale = chosen;
  for (const redraw of redraws) redraw();
}

/** How wide a model's input makes the range from black to white; null where that differs between pixels. */
function widthOf(model) {
  const { scale: factors } = model.input;
  return factors.length === 1 ? Math.round(factors[0] * 255 * 1e4) / 1e4 : null;
}
