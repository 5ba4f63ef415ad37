// Latent sliders: every latent by hand, from the 1st to the 99th percentile of what images have.

import { modelColour } from "./colours.js";
import { button, choice, element, onFrame, refill } from "./dom.js";
import { titleOf } from "./images.js";
import { Picture } from "./picture.js";

/** Positions of a slider. */
const POSITIONS = 200;

export function sliders(study) {
  let image = study.originals[0];
  // Each model keeps its own code: what is a 3 for one is noise for another.
  const states = study.models.map((model) => ({ model, code: model.encode(image.pixels) }));
  let state = states.reduce((best, s) => ((s.model.test_error ?? 1e9) < (best.model.test_error ?? 1e9) ? s : best));

  const start = new Picture(study.image, "The image to start from", 88);
  const now = new Picture(study.image, "Decoded from the sliders", 176);
  const name = element("span", { className: "caption" });
  const list = element("div", { className: "latents", id: "latents" });
  const tiles = states.map((s) => {
    const picture = new Picture(study.image, s.model.name, 72);
    const tile = element("button", {
      type: "button", className: "tile", style: `--colour:${modelColour(s.model.index)}`, onclick: () => select(s),
    }, picture.canvas, element("span", {}, s.model.name));
    return { s, picture, tile };
  });
  const from = choice("Start from",
    [["", "the first of a class"], ["any", "any test image"], ...study.classes.map((label) => [label, `a ${label}`])],
    choose, "");
  const root = element(
    "div", { className: "sliders" },
    element("p", { className: "lead" },
      "Each slider is one latent of the model. Its ends are the 1st and the 99th percentile over the test images, drawn as \
they would decode; the dot is where the start image has it."),
    element("div", { className: "toolbar" },
      element("div", { className: "picker" }, start.canvas,
        element("div", {}, from.root, element("div", { className: "buttons" }, button("Another", another), name))),
      element("div", { className: "control" }, element("span", {}, "Model"),
        element("div", { className: "tiles", id: "slider-models" }, ...tiles.map(({ tile }) => tile)))),
    element("div", { className: "columns" },
      element("div", { className: "column stay" }, now.canvas,
        element("div", { className: "buttons" }, button("Reset", reset, { id: "reset" }), button("All to 0", zero))),
      list));

  let controls = [];

  function select(next) {
    state = next;
    const { model } = state;
    for (const { s, tile } of tiles) tile.setAttribute("aria-pressed", String(s === state));
    const home = model.encode(image.pixels);
    controls = Array.from({ length: model.latent }, (_, i) => {
      // An image outside the percentiles is still on its slider.
      const low = Math.min(model.low[i], home[i]);
      const high = Math.max(model.high[i], home[i]);
      const input = element("input", {
        type: "range", min: 0, max: POSITIONS, step: 1, "aria-label": `latent ${i + 1}`,
        oninput: () => {
          state.code[i] = low + ((high - low) * input.value) / POSITIONS;
          draw();
        },
      });
      const value = element("output", { className: "caption" });
      const ends = [low, high].map((at) => {
        const picture = new Picture(study.image, `latent ${i + 1} at ${at.toFixed(2)}`, 40);
        return { at, picture };
      });
      const share = (x) => (high > low ? (x - low) / (high - low) : 0.5);
      const dot = element("span", { className: "home", ariaHidden: "true", style: `--at:${share(home[i])}` });
      const row = element("div", { className: "latent" },
        element("span", { className: "caption" }, `z${i + 1}`), ends[0].picture.canvas,
        element("div", { className: "track" }, dot, input), ends[1].picture.canvas, value);
      const show = () => {
        input.value = POSITIONS * share(state.code[i]);
        value.textContent = state.code[i].toFixed(2);
        input.setAttribute("aria-valuetext", state.code[i].toFixed(2));
      };
      const showEnds = () => {
        for (const { at, picture } of ends) {
          const code = state.code.slice();
          code[i] = at;
          picture.paint(state.model.decode(code));
        }
      };
      return { row, show, showEnds };
    });
    refill(list, ...controls.map(({ row }) => row));
    draw();
  }

  const draw = onFrame(() => {
    now.paint(state.model.decode(state.code));
    for (const { show, showEnds } of controls) {
      show();
      showEnds();
    }
    for (const { s, picture } of tiles) if (s === state) picture.paint(s.model.decode(s.code));
  });

  function begin(next) {
    image = next;
    start.paintBytes(image.pixels);
    start.label = `Start: ${titleOf(image)}`;
    name.textContent = image.name;
    for (const s of states) s.code = s.model.encode(image.pixels);
    for (const { s, picture } of tiles) picture.paint(s.model.decode(s.code));
    select(state);
  }

  async function choose(value) {
    const first = study.originals.find((original) => String(original.label) === value);
    if (value === "") begin(study.originals[0]);
    else if (first) begin(first);
    else another();
  }

  async function another() {
    const { value } = from.select;
    if (value === "") from.select.value = "any";
    const next = (await study.test).any(value === "" || value === "any" ? null : value);
    if (next) begin(next);
  }

  function reset() {
    state.code = state.model.encode(image.pixels);
    draw();
  }

  function zero() {
    state.code = new Float32Array(state.model.latent);
    draw();
  }

  begin(image);
  return { id: "sliders", title: "Latent sliders", root };
}
