// What a reader takes away: files, and the page's address.

import { write } from "./address.js";
import { button, element } from "./dom.js";

/** How long a button says that it was pressed, in milliseconds. */
const SAID = 2000;

/** Hands a file to the browser's downloads. */
export function save(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAID);
}

/** A button that copies the address of what is shown; where the clipboard is closed to pages, it shows the address to copy. */
export function copyLink() {
  const said = element("span", { className: "caption", role: "status" });
  const field = element("input", {
    type: "text", readOnly: true, hidden: true, id: "link", "aria-label": "Address of what is shown",
    onblur: () => {
      field.hidden = true;
      said.textContent = "";
    },
  });
  const copy = button("Copy link", async () => {
    write();
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "Copied";
      setTimeout(() => (said.textContent = ""), SAID);
    } catch {
      field.value = location.href;
      field.hidden = false;
      field.focus();
      field.select();
      said.textContent = "Copy the marked address";
    }
  }, { id: "copy-link", title: "Copies the address of what is shown: part, images, models, λ" });
  return element("div", { className: "buttons" }, copy, field, said);
}
