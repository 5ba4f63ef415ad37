// Where the names of classes stand on the map: near the middles of their points, off one another, within the frame.

/** Rounds of pushing; ten names on a telephone are apart after some twenty. */
const MAX_ROUNDS = 300;

/**
 * Moves boxes until none touches another: each has its middle at `left`, `top`, and is `width` wide and `height` high. Two that
 * meet are pushed apart by halves, along the axis in which they meet least; a frame of `width` × `height` holds them all.
 */
export function moveApart(boxes, frame, gap = 2) {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let moved = false;
    boxes.forEach((a, i) => {
      for (const b of boxes.slice(i + 1)) moved = push(a, b, gap) || moved;
    });
    for (const box of boxes) {
      box.left = within(box.left, box.width, frame.width);
      box.top = within(box.top, box.height, frame.height);
    }
    if (!moved) return;
  }
}

/** Pushes two boxes off one another, and says whether they met. */
function push(a, b, gap) {
  const [dx, dy] = [b.left - a.left, b.top - a.top];
  const across = (a.width + b.width) / 2 + gap - Math.abs(dx);
  const down = (a.height + b.height) / 2 + gap - Math.abs(dy);
  // What rounding leaves over is no meeting.
  if (across < 1e-6 || down < 1e-6) return false;
  const [side, by, way] = across < down ? ["left", across, dx < 0 ? -1 : 1] : ["top", down, dy < 0 ? -1 : 1];
  a[side] -= (way * by) / 2;
  b[side] += (way * by) / 2;
  return true;
}

function within(middle, size, length) {
  return Math.max(size / 2, Math.min(length - size / 2, middle));
}
