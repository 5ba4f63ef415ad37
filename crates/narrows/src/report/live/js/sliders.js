// Latent sliders: every latent by hand, from the 1st to the 99th percentile of what test rows have.

import { get, numberWithin, set } from "./address.js";
import { modelColour } from "./colours.js";
import { Bars } from "./bars.js";
import { findImage, keyOf } from "./data.js";
import { button, element, onFrame, refill } from "./dom.js";
import { Latent } from "./latent.js";
import { Picker } from "./picker.js";

const ID = "sliders";
/** Digits behind the point of a latent in the address. */
const DIGITS = 3;

export function sliders(study) {
  let image = study.originals[0];
  // Each model keeps its own code: what is a 3 for one is noise for another.
  const states = study.models.map((model) => ({ model, code: model.encode(image.values) }));
  const best = states.reduce((least, s) => ((s.model.test_error ?? Infinity) < (least.model.test_error ?? Infinity) ? s : least));
  let state = best;
  let wish = 0;

  const now = study.table ? new Bars(study.columns, "Values decoded from the sliders") : study.picture("Decoded from the sliders", 176);
  const list = element("div", { className: "latents", id: "latents" });
  const tiles = states.map((s) => {
    const picture = study.picture("", 56);
    const tile = element("button", {
      type: "button", className: "tile", style: `--colour:${modelColour(s.model.index)}`,
      onclick: () => {
        select(s);
        remember();
      },
    }, picture.canvas, element("span", {}, s.model.name));
    return { s, picture, tile };
  });
  const start = new Picker(study, {
    id: "start", label: "Start from", fixed: study.originals, fixedLabel: study.classes.length ? "The first of each class" : "The first of all",
    chosen: (next) => {
      wish++;
      begin(next);
      remember();
    },
  });
  const root = element(
    "div", { className: study.table ? "sliders of-table" : "sliders" },
    element("p", { className: "lead" },
      `Each slider moves one latent of the model${study.table ? ", and the bars show what that does to each column" : ""}. The small \
pictures show what its two ends decode to while the other latents stay: the 1st and the 99th percentile over the test ${study.noun}s\
${study.table ? ", with a bar for each column" : ""}. The dot marks the start ${study.noun}.`),
    element("div", { className: "toolbar" },
      start.root,
      element("div", { className: "control" }, element("span", {}, "Model"),
        element("div", { className: "tiles", id: "slider-models" }, ...tiles.map(({ tile }) => tile)))),
    element("div", { className: "columns" },
      element("div", { className: "column stay" }, now.canvas ?? now.root,
        element("div", { className: "buttons" },
          button("Reset", () => restart(state.model.encode(image.values)), { id: "reset", title: `Back to the start ${study.noun}` }),
          button("All to 0", () => restart(new Float32Array(state.model.latent)), { id: "zero" }))),
      list));

  let latents = [];

  /** Shows the sliders of a model. */
  function select(next) {
    state = next;
    const { model } = state;
    for (const { s, tile } of tiles) tile.setAttribute("aria-pressed", String(s === state));
    const home = model.encode(image.values);
    latents = Array.from({ length: model.latent }, (_, i) => new Latent(study, model, i, home[i], (value) => {
      state.code[i] = value;
      draw();
    }, remember));
    refill(list, ...latents.map(({ root: row }) => row));
    draw();
  }

  const draw = onFrame(() => {
    const decoded = state.model.decode(state.code);
    if (study.table) now.show(decoded, image.values);
    else now.paint(decoded);
    for (const latent of latents) latent.show(state.code);
    for (const { s, picture } of tiles) if (s === state) picture.paint(s.model.decode(s.code));
  });

  /** Starts all models from an image. */
  function begin(next) {
    image = next;
    start.show(image);
    for (const s of states) s.code = s.model.encode(image.values);
    for (const { s, picture } of tiles) picture.paint(s.model.decode(s.code));
    select(state);
  }

  function restart(code) {
    state.code = code;
    draw();
    remember();
  }

  function remember() {
    const home = state.model.encode(image.values);
    const moved = state.code.some((z, i) => z !== home[i]);
    set(ID, "image", keyOf(image));
    set(ID, "model", state.model.name);
    set(ID, "code", moved ? Array.from(state.code, (z) => z.toFixed(DIGITS)).join(",") : null);
  }

  /** Shows what an address says; what it does not say, or says wrongly, is as at the beginning. */
  async function restore() {
    const mine = ++wish;
    const said = get(ID);
    state = states.find((s) => s.model.name === said.model) ?? best;
    begin(study.originals[0]);
    const found = await findImage(study, said.image);
    if (mine !== wish) return;
    if (found) begin(found);
    const code = (said.code ?? "").split(",").map((z) => numberWithin(z, -1e6, 1e6));
    if (code.length === state.model.latent && !code.includes(null)) {
      state.code = Float32Array.from(code);
      draw();
    }
  }

  restore();
  return { id: ID, title: "Latent sliders", root, restore };
}
