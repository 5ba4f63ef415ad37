// A row of small pictures of a set's images, each with its class under it.

import { element } from "./dom.js";
import { titleOf } from "./images.js";
import { Picture } from "./picture.js";

/** Pictures that stay and are painted anew, so that nothing flickers while they change. */
export class Thumbs {
  constructor(image, id, count) {
    this.thumbs = Array.from({ length: count }, () => {
      const picture = new Picture(image, "No image yet", 56);
      const caption = element("figcaption", {});
      return { picture, caption, root: element("figure", { className: "thumb", hidden: true }, picture.canvas, caption) };
    });
    this.root = element("div", { className: "neighbours", id }, ...this.thumbs.map(({ root }) => root));
  }

  show(images) {
    this.thumbs.forEach(({ picture, caption, root }, i) => {
      root.hidden = i >= images.length;
      if (root.hidden) return;
      picture.paintBytes(images[i].pixels);
      picture.label = `${images[i].name}: ${titleOf(images[i])}`;
      caption.textContent = titleOf(images[i]);
    });
  }
}
