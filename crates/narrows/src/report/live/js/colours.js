// Colours of models and classes, from the report's palette, so that both look the same everywhere.

/** Of the first ten classes, and of all others. */
const classes = { own: [], others: null };

const query = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark now. */
export function isDark() {
  return query.matches;
}

/** Calls `redraw` when the page turns dark or light. */
export function onTheme(redraw) {
  query.addEventListener("change", redraw);
}

/** Makes the models' colours known to the style, now and whenever the page turns dark or light. */
export function useStyles({ models, class_styles, other_classes }) {
  Object.assign(classes, { own: class_styles, others: other_classes });
  const apply = () => {
    for (const model of models) {
      document.documentElement.style.setProperty(`--model-${model.index}`, model.style[isDark() ? "dark" : "light"]);
    }
  };
  apply();
  onTheme(apply);
}

/** A model's colour, for a style. */
export function modelColour(index) {
  return `var(--model-${index})`;
}

export function classColour(index) {
  return classes.own[index][isDark() ? "dark" : "light"];
}

/** The colour of all classes that have none of their own. */
export function otherColour() {
  return classes.others[isDark() ? "dark" : "light"];
}

/** A colour that the style names, such as `--ink`. */
export function styleColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
