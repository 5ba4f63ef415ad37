// Building the page: elements, labelled controls, and one redraw for many changes.

/**
 * An element. Properties that the element has are set, others become attributes, and `null` is left out; children that
 * are no elements are text, so that a name is shown as it is, whatever it holds.
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (key === "style") made.style.cssText = value;
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** An element of SVG. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** A choice among `options`, under its label; each is `[value, text]`, or a group: `{ label, options }`. */
export function choice(label, options, onchange, value) {
  const one = ([key, text]) => element("option", { value: String(key), textContent: text });
  const select = element(
    "select",
    { onchange: () => onchange(select.value) },
    ...options.map((option) => (Array.isArray(option)
      ? one(option)
      : element("optgroup", { label: option.label }, ...option.options.map(one)))),
  );
  if (value !== undefined) select.value = String(value);
  return { root: element("label", { className: "control" }, element("span", {}, label), select), select };
}

/** A button; `press` is called when it is pressed. */
export function button(text, press, properties = {}) {
  return element("button", { type: "button", textContent: text, onclick: press, ...properties });
}

/** Buttons of which one is down at a time; options are `[value, text]`. */
export function segments(label, options, onchange, value) {
  const buttons = options.map(([key, text]) =>
    button(text, () => {
      select(key);
      onchange(key);
    }),
  );
  function select(chosen) {
    options.forEach(([key], index) => buttons[index].setAttribute("aria-pressed", String(key === chosen)));
  }
  select(value);
  const root = element("div", { className: "segments", role: "group", "aria-label": label }, ...buttons);
  return { root, select };
}

/** Calls `draw` once before the next frame, however often it is asked for. */
export function onFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** A text of at most so many letters. */
export function shortened(text, letters) {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

/** Removes what is in an element and puts `children` there. */
export function refill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}
