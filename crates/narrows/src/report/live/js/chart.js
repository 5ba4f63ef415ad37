// A line chart: curves over epochs, read under the cursor, switched on and off, on a linear or logarithmic axis.

import { button, element, onFrame, refill, svg } from "./dom.js";
import { scale } from "./scale.js";

const HEIGHT = 380;
const MARGIN = { top: 12, right: 16, bottom: 40, left: 52 };

/**
 * `content()` gives `curves` with `name`, `colour`, `points` of `[x, y]`, `dash`, a pattern of strokes and gaps or null, and
 * perhaps `mark`, a point to set a disc at with its `x` and what its `name` is; and `bound`, a level with `name` and `y`, or null.
 * `yLabel()` says what y is, `written(y)` is its text.
 */
export function chart(content, { xLabel, yLabel, written }) {
  let { curves, bound } = content();
  const off = new Set();
  let logarithmic = true;
  let at = null;
  const picture = svg("svg", { class: "chart", role: "img", tabindex: 0, });
  const readout = element("div", { className: "readout", hidden: true });
  const stage = element("div", { className: "chart-stage" }, picture, readout);
  const legend = curves.map((curve, index) => {
    const one = button("", () => {
      if (!off.delete(index)) off.add(index);
      one.setAttribute("aria-pressed", String(!off.has(index)));
      draw();
    }, { className: "class", "aria-pressed": "true" });
    one.append(sample(curve), curve.name);
    return one;
  });
  const axis = element("input", { type: "checkbox", checked: true, onchange: () => {
    logarithmic = axis.checked;
    draw();
  } });
  const title = element("p", { className: "caption" });
  const root = element("div", {},
    element("div", { className: "toolbar" },
      element("div", { className: "control" }, element("span", {}, "Curves"),
        element("div", { className: "buttons", id: "legend" }, ...legend)),
      element("label", { className: "check" }, axis, " log scale")),
    title, stage);

  let width = 720;
  let [across, down] = [null, null];
  const draw = onFrame(() => {
    ({ curves, bound } = content());
    title.textContent = `${yLabel()}${logarithmic ? "; log scale" : ""}`;
    picture.setAttribute("aria-label", `Chart: ${title.textContent}, by ${xLabel}`);
    const shown = curves.filter((curve, index) => !off.has(index) && curve.points.length);
    const points = shown.flatMap((curve) => curve.points).filter(([, y]) => Number.isFinite(y) && (!logarithmic || y > 0));
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.setAttribute("width", width);
    picture.setAttribute("height", HEIGHT);
    if (!points.length) return refill(picture, text(width / 2, HEIGHT / 2, "nothing to show", "middle"));
    const xs = points.map(([x]) => x);
    const ys = [...points.map(([, y]) => y), ...(bound ? [bound.y] : [])];
    const [low, high] = [least(ys), most(ys)];
    across = scale(least(xs), Math.max(most(xs), least(xs) + 1), MARGIN.left, width - MARGIN.right);
    down = logarithmic
      ? scale(low / 1.06, high * 1.06, HEIGHT - MARGIN.bottom, MARGIN.top, true)
      : scale(0, high * 1.04, HEIGHT - MARGIN.bottom, MARGIN.top);
    const floor = HEIGHT - MARGIN.bottom;
    refill(picture,
      ...down.ticks.flatMap((y) => [
        svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: down.place(y), y2: down.place(y), class: "grid" }),
        text(MARGIN.left - 8, down.place(y) + 4, String(y), "end")]),
      ...across.ticks.filter(Number.isInteger).map((x) => text(across.place(x), floor + 20, String(x), "middle")),
      text((MARGIN.left + width - MARGIN.right) / 2, HEIGHT - 2, xLabel, "middle"),
      svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: floor, y2: floor, class: "axis" }),
      ...(bound ? level() : []),
      ...shown.flatMap((curve) => lines(curve)),
      ...(bound ? [text(width - MARGIN.right, down.place(bound.y) + 16, `${bound.name}: ${written(bound.y)}`, "end")] : []),
      ...cursor(shown));
  });

  /** The bound: a line from side to side. */
  function level() {
    const y = down.place(bound.y);
    return [svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y, class: "bound" })];
  }

  function lines(curve) {
    const places = curve.points.filter(([, y]) => Number.isFinite(y) && (!logarithmic || y > 0))
      .map(([x, y]) => [across.place(x), down.place(y)]);
    const attributes = { class: "curve", style: `--colour:${curve.colour}` };
    const line = svg("polyline", {
      points: places.map((p) => p.map((n) => n.toFixed(1)).join(",")).join(" "), "stroke-dasharray": curve.dash, ...attributes,
    });
    // A few points are what was measured, and one alone is no line.
    const dots = places.length > 12 ? [] : places.map(([cx, cy]) => svg("circle", { cx, cy, r: 3, ...attributes }));
    const marked = curve.points.filter(([x, y]) => x === curve.mark?.x && (!logarithmic || y > 0));
    const discs = marked.map(([x, y]) => svg("circle", {
      cx: across.place(x), cy: down.place(y), r: 5, class: "mark", style: `--colour:${curve.colour}` }));
    return [line, ...dots, ...discs];
  }

  /** The line under the cursor, and the values there. */
  function cursor(shown) {
    readout.hidden = at === null;
    if (at === null) return [];
    const values = shown.flatMap((curve) => {
      const point = curve.points.find(([x]) => x === at);
      return point ? [{ curve, y: point[1] }] : [];
    }).sort((a, b) => b.y - a.y);
    const place = across.place(at);
    refill(readout, element("strong", {}, `${xLabel} ${at}`), ...values.map(({ curve, y }) =>
      element("div", {}, sample(curve),
        element("span", {}, curve.mark?.x === at ? `${curve.name}: ${curve.mark.name}` : curve.name),
        element("span", { className: "number" }, written(y)))));
    const right = place < width / 2;
    readout.style.left = right ? `${place + 12}px` : "auto";
    readout.style.right = right ? "auto" : `${width - place + 12}px`;
    return [svg("line", { x1: place, x2: place, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, class: "axis" }),
      ...values.filter(({ y }) => !logarithmic || y > 0).map(({ curve, y }) =>
        svg("circle", { cx: place, cy: down.place(y), r: 4, class: "curve", style: `--colour:${curve.colour}` }))];
  }

  function epochs() {
    return [...new Set(curves.filter((_, i) => !off.has(i)).flatMap((curve) => curve.points.map(([x]) => x)))].sort((a, b) => a - b);
  }

  picture.addEventListener("pointermove", (event) => {
    if (!across) return;
    const x = across.value(event.clientX - picture.getBoundingClientRect().x);
    const all = epochs();
    at = all.reduce((best, e) => (Math.abs(e - x) < Math.abs(best - x) ? e : best), all[0] ?? null);
    draw();
  });
  picture.addEventListener("pointerleave", () => {
    at = null;
    draw();
  });
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = epochs();
    const place = at === null ? (step > 0 ? 0 : all.length - 1) : all.indexOf(at) + step;
    at = all[Math.max(0, Math.min(all.length - 1, place))] ?? null;
    draw();
  });
  new ResizeObserver(([entry]) => {
    width = Math.max(280, Math.round(entry.contentRect.width));
    draw();
  }).observe(stage);
  return { root, draw };
}

/** A piece of a curve's line, for a legend. */
function sample({ colour, dash }) {
  return svg("svg", { class: "sample", width: 26, height: 8, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 26, y1: 4, y2: 4, class: "curve", style: `--colour:${colour}`, "stroke-dasharray": dash }));
}

function text(x, y, words, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, words);
}

function least(values) {
  return values.reduce((a, b) => Math.min(a, b));
}

function most(values) {
  return values.reduce((a, b) => Math.max(a, b));
}
