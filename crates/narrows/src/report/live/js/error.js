// The scale of errors: that of the models' input, as in the report's tables, where it is one for all pixels.

/** A model's mean squared error per pixel, given in the [0, 1] scale of brightness, as it is shown. */
export function showError(model, squaredErrorInUnit) {
  const step = stepOf(model);
  return step === null ? squaredErrorInUnit.toFixed(5) : (squaredErrorInUnit * step ** 2).toFixed(4);
}

/** The scale that `showError` has for a model, such as `[−1, 1]`. */
export function scaleOf(model) {
  const step = stepOf(model);
  if (step === null) return "[0, 1]";
  const [low] = model.input.offset;
  return `[${[low, low + step].map((end) => String(Number(end.toPrecision(3))).replace("-", "−")).join(", ")}]`;
}

/** By how much the input differs between the least and the greatest brightness; null where that depends on the pixel. */
function stepOf({ input }) {
  return input.scale.length === 1 ? 255 * input.scale[0] : null;
}
