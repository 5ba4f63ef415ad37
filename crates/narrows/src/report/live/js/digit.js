// From strokes to an image as MNIST's digits were made: the ink is scaled, in proportion, into a box of 20 × 20 pixels,
// and placed in the 28 × 28 so that its centre of mass is the middle.

/** The box's share of an image's smaller side: 20 of 28 pixels. */
const BOX = 20 / 28;
/** The widest radius of the pen in an image of 28 pixels; a dot would otherwise fill the box. */
const WIDEST = 2.4 / 28;

/**
 * The image of some strokes, as bytes: `strokes` are lists of `[x, y]`, `radius` is the pen's, all in the same unit.
 * Nothing drawn is `null`.
 */
export function digit(strokes, radius, { width, height }) {
  const points = strokes.flat();
  if (!points.length) return null;
  const side = Math.min(width, height);
  const [left, right] = ends(points.map(([x]) => x), radius);
  const [top, bottom] = ends(points.map(([, y]) => y), radius);
  const scale = Math.min((BOX * side) / Math.max(right - left, bottom - top), (WIDEST * side) / radius);
  const place = (dx, dy) =>
    strokes.map((stroke) =>
      stroke.map(([x, y]) => [
        (x - (left + right) / 2) * scale + width / 2 + dx,
        (y - (top + bottom) / 2) * scale + height / 2 + dy,
      ]),
    );
  const first = render(place(0, 0), radius * scale, width, height);
  const [x, y] = centreOfMass(first, width);
  return render(place(width / 2 - x, height / 2 - y), radius * scale, width, height);
}

function ends(values, radius) {
  return [values.reduce((a, b) => Math.min(a, b)) - radius, values.reduce((a, b) => Math.max(a, b)) + radius];
}

/** The centre of mass of an image; the middle of the first pixel is (0.5, 0.5). */
export function centreOfMass(pixels, width) {
  let [sum, x, y] = [0, 0, 0];
  pixels.forEach((p, i) => {
    sum += p;
    x += p * ((i % width) + 0.5);
    y += p * (Math.floor(i / width) + 0.5);
  });
  return [x / sum, y / sum];
}

/** Strokes in pixels; a pixel at the pen's edge is grey by how far its middle is inside. */
function render(strokes, radius, width, height) {
  const pixels = new Uint8Array(width * height);
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) {
      const [ax, ay] = stroke[Math.max(0, i - 1)];
      const [bx, by] = stroke[i];
      const reach = radius + 0.5;
      const lines = [Math.max(0, Math.floor(Math.min(ay, by) - reach)), Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach))];
      const columns = [Math.max(0, Math.floor(Math.min(ax, bx) - reach)), Math.min(width - 1, Math.ceil(Math.max(ax, bx) + reach))];
      for (let y = lines[0]; y <= lines[1]; y++) {
        for (let x = columns[0]; x <= columns[1]; x++) {
          const inside = reach - distance(x + 0.5, y + 0.5, ax, ay, bx, by);
          const level = Math.round(255 * Math.max(0, Math.min(1, inside)));
          const at = y * width + x;
          if (level > pixels[at]) pixels[at] = level;
        }
      }
    }
  }
  return pixels;
}

/** From (x, y) to the segment from a to b. */
function distance(x, y, ax, ay, bx, by) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
