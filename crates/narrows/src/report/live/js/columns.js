// Columns of a table: values beside their column's mean, and values as they are written, in the units of the data.

/** The most digits behind the point. */
const MAX_DIGITS = 9;

/** How many standard deviations a value lies above its column's mean. */
export function standardised({ mean, deviation }, value) {
  return (value - mean) / deviation;
}

/** A raw value with as many digits as its column's spread gives reason for; one that is missing is a dash. */
export function valueText({ deviation }, value) {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.max(0, Math.min(MAX_DIGITS, 2 - Math.floor(Math.log10(deviation))));
  const text = Math.abs(value) >= 1e15 || (value !== 0 && digits === MAX_DIGITS)
    ? value.toExponential(3)
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replaceAll("-", "−");
}
