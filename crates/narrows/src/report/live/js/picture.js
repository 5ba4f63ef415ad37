// Small pictures: one canvas pixel for each pixel of the data, enlarged by the style without smoothing.

import { element } from "./dom.js";

/** A picture of the data's shape; `size` is its width on the page in pixels, or null to fill its place. */
export class Picture {
  constructor(image, label, size = null) {
    this.colour = image.channels === 3;
    this.canvas = element("canvas", {
      className: "picture",
      width: image.width,
      height: image.height,
      // Without a label it is part of something that has one.
      ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }),
      style: size === null ? "" : `width:${size}px`,
    });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.data = this.context.createImageData(image.width, image.height);
    this.words = new Uint32Array(this.data.data.buffer);
  }

  set label(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  /** What a model decodes: brightness from 0 to 1. */
  paint(unit) {
    this.put((i) => Math.round(unit[i] * 255));
  }

  /** An image of the data: bytes. */
  paintRow(bytes) {
    this.put((i) => bytes[i]);
  }

  /** Shows the levels, from 0 to 255, that `level(i)` gives of the i-th number of the image. */
  put(level) {
    const { words } = this;
    for (let i = 0; i < words.length; i++) {
      words[i] = this.colour ? opaque(level(3 * i), level(3 * i + 1), level(3 * i + 2)) : opaque(level(i), level(i), level(i));
    }
    this.context.putImageData(this.data, 0, 0);
  }

  /** What a reconstruction of a grey image has too much (orange) and too little (blue) of, on white. */
  paintError(bytes, unit) {
    const [more, less] = [[213, 94, 0], [0, 114, 178]];
    for (let i = 0; i < bytes.length; i++) {
      const error = unit[i] - bytes[i] / 255;
      const ink = Math.min(1, Math.abs(error) * 1.5);
      const colour = error > 0 ? more : less;
      const [r, g, b] = colour.map((part) => Math.round(255 + (part - 255) * ink));
      this.words[i] = opaque(r, g, b);
    }
    this.context.putImageData(this.data, 0, 0);
  }
}

/** An opaque pixel; canvases hold red in the lowest byte on every machine that browsers run on. */
function opaque(red, green, blue) {
  return (255 << 24) | (blue << 16) | (green << 8) | red;
}
