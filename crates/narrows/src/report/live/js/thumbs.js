// A row of small pictures of a set's images, each with its class under it, or what the data calls it.

import { titleOf } from "./data.js";
import { element } from "./dom.js";

/** At most `count` pictures, which are painted anew rather than replaced, so that nothing flickers while they change. */
export class Thumbs {
  constructor(study, id, count) {
    this.thumbs = Array.from({ length: count }, () => {
      const picture = study.picture(`No ${study.noun}`, 56);
      const caption = element("figcaption", {});
      return { picture, caption, root: element("figure", { className: "thumb" }, picture.canvas, caption) };
    });
    this.root = element("div", { className: "neighbours", id });
  }

  show(images) {
    images.forEach((image, i) => {
      const { picture, caption } = this.thumbs[i];
      picture.paintRow(image.values);
      picture.label = `${image.name}: ${titleOf(image)}`;
      caption.textContent = caption.title = image.id ?? titleOf(image);
    });
    if (this.root.childElementCount !== images.length) {
      this.root.replaceChildren(...this.thumbs.slice(0, images.length).map(({ root }) => root));
    }
  }
}
