// What mouse, fingers and wheel mean on the map.

/**
 * Tells `heard` of gestures on a canvas, in pixels from its corner: `hover(at)` of a mouse whose button is up, `press(at)` when one
 * finger or the button goes down and whenever it moves, `pan(right, down)`, `zoom(factor, at)`. `heard.pans()` says whether a drag
 * moves the map; with Shift, and with two fingers, it always does.
 */
export function gestures(canvas, heard) {
  const fingers = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.x, event.clientY - box.y];
  };
  const pans = (event) => heard.pans() || event.shiftKey;

  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1 && !pans(event)) heard.press(place(event));
  };
  canvas.onpointermove = (event) => {
    const at = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") heard.hover(at);
      return;
    }
    fingers.set(event.pointerId, at);
    if (fingers.size > 1) pinch(event.pointerId, before, at);
    else if (pans(event)) heard.pan(at[0] - before[0], at[1] - before[1]);
    else heard.press(at);
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => fingers.delete(event.pointerId);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    heard.zoom(Math.exp(-event.deltaY * 0.0015), place(event));
  }, { passive: false });

  /** Two fingers move and magnify at once. */
  function pinch(finger, before, at) {
    const other = [...fingers].find(([id]) => id !== finger)[1];
    const spread = (from) => Math.hypot(from[0] - other[0], from[1] - other[1]) || 1;
    heard.zoom(spread(at) / spread(before), other);
    heard.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }
}
