// The plane of the map: z = mean + u·first + v·second, through the codes of a model.

/** Where codes stand in a plane: `[u, v, u, v, …]`. */
export function project(codes, { mean, first, second }) {
  const latent = mean.length;
  const points = new Float32Array((2 * codes.length) / latent);
  for (let row = 0, at = 0; at < codes.length; row++, at += latent) {
    let [u, v] = [0, 0];
    for (let i = 0; i < latent; i++) {
      const z = codes[at + i] - mean[i];
      u += z * first[i];
      v += z * second[i];
    }
    points[2 * row] = u;
    points[2 * row + 1] = v;
  }
  return points;
}

/** The code of a point of the plane. */
export function codeAt({ mean, first, second }, [u, v]) {
  return Float32Array.from(mean, (m, i) => m + u * first[i] + v * second[i]);
}

/** Where nearly all points lie along one axis, 0 or 1: a few far outside do not shrink the others. */
export function extent(points, axis) {
  const values = points.filter((_, i) => i % 2 === axis).sort();
  const at = (share) => values[Math.round((values.length - 1) * share)];
  const [low, high] = [at(0.002), at(0.998)];
  return low === high ? [low - 1, high + 1] : [low, high];
}

/** What a map of these codes leaves out, in words. */
export function describePlane(latent, { share }, noun) {
  if (latent === 1) return "A code has one number, which runs from left to right; up and down, nothing changes.";
  if (latent === 2) return "A code has two numbers, the latents themselves, and they are the two axes: nothing is left out.";
  const others = latent === 3 ? "The third direction is" : `The other ${latent - 2} directions are`;
  return `A code has ${latent} numbers. The map shows the two directions in which the codes vary most: the first two principal \
directions, with ${Math.round(100 * share)} % of the variance. ${others} held fixed at the mean of the codes, wherever the \
cross is. So the ${noun} decoded at the cross can differ from the test ${noun}s that lie near it on the map.`;
}
