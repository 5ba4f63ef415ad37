// Errors as the report's tables have them: in the scale of the models' input, where it is one for all pixels.

/**
 * The mean squared error per pixel of a model's reconstruction of an image of bytes, in the [0, 1] scale of brightness. What lies
 * beyond black or white counts as the model gives it, as in the report, although no picture shows it.
 */
export function reconstructionError(model, pixels) {
  const { scale, offset } = model.input;
  const one = scale.length === 1;
  const output = model.decoder.reduce((x, layer) => layer.forward(x), model.encode(pixels));
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) {
    sum += ((output[i] - offset[one ? 0 : i]) / (255 * scale[one ? 0 : i]) - pixels[i] / 255) ** 2;
  }
  return sum / pixels.length;
}

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
