// Small pictures: one canvas pixel for each pixel of the data, enlarged by the style without smoothing.

import { element } from "./dom.js";

/** A picture of the data's shape; `size` is its width on the page in pixels, or null to fill its place. */
export class Picture {
  constructor(image, label, size = null) {
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

  /** Brightness from 0 to 1. */
  paint(unit) {
    for (let i = 0; i < unit.length; i++) this.words[i] = grey(Math.round(unit[i] * 255));
    this.context.putImageData(this.data, 0, 0);
  }

  /** Bytes. */
  paintBytes(bytes) {
    for (let i = 0; i < bytes.length; i++) this.words[i] = grey(bytes[i]);
    this.context.putImageData(this.data, 0, 0);
  }

  /** What a reconstruction has too much (orange) and too little (blue) of, on white. */
  paintError(bytes, unit) {
    const [more, less] = [[213, 94, 0], [0, 114, 178]];
    for (let i = 0; i < bytes.length; i++) {
      const error = unit[i] - bytes[i] / 255;
      const ink = Math.min(1, Math.abs(error) * 1.5);
      const colour = error > 0 ? more : less;
      const [r, g, b] = colour.map((part) => Math.round(255 + (part - 255) * ink));
      this.words[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    this.context.putImageData(this.data, 0, 0);
  }
}

/** Opaque grey; canvases hold red in the lowest byte on every machine that browsers run on. */
function grey(level) {
  return (255 << 24) | (level << 16) | (level << 8) | level;
}
