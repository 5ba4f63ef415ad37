// The codes of many rows, computed once, in slices that leave the page at hand.

/** What one slice may take, in milliseconds: less than a frame. */
const SLICE = 8;

const known = new WeakMap();

/** The codes of a set by a model, rows × latent; `progress` hears the share that is done. */
export function codesOf(model, set, progress = () => {}) {
  if (!known.has(model)) known.set(model, new Map());
  const sets = known.get(model);
  if (!sets.has(set.name)) sets.set(set.name, compute(model, set, progress));
  return sets.get(set.name);
}

async function compute(model, set, progress) {
  const codes = new Float32Array(set.rows * model.latent);
  let row = 0;
  while (row < set.rows) {
    const end = performance.now() + SLICE;
    while (row < set.rows && performance.now() < end) {
      codes.set(model.encode(set.at(row).values), row * model.latent);
      row++;
    }
    progress(row / set.rows);
    await new Promise((go) => setTimeout(go));
  }
  return codes;
}

/** The rows whose codes lie nearest to `code`, the nearest first; only those that are `wanted`. */
export function nearest(codes, code, count, wanted = () => true) {
  const latent = code.length;
  const found = [];
  for (let row = 0, at = 0; at < codes.length; row++, at += latent) {
    if (!wanted(row)) continue;
    let distance = 0;
    for (let i = 0; i < latent; i++) distance += (codes[at + i] - code[i]) ** 2;
    if (found.length === count && distance >= found[count - 1].distance) continue;
    let place = found.length;
    while (place > 0 && found[place - 1].distance > distance) place--;
    found.splice(place, 0, { row, distance });
    if (found.length > count) found.pop();
  }
  return found.map(({ row }) => row);
}
