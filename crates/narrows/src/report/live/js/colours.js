// Colours of models and classes. Those of models come from the report's palette, so that a model looks the same everywhere.

/** Of classes: Okabe and Ito's eight; grey and brown make ten, and every class is named on the map as well. */
const CLASSES = {
  light: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#1f2328", "#a89a00", "#8c8c8c", "#7a4b24"],
  dark: ["#3f9bd8", "#e69f00", "#10b98a", "#d98fb8", "#8fd0f5", "#e8702a", "#f2f4f6", "#f0e442", "#8f8f8f", "#b98a5e"],
};

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
export function useStyles(models) {
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
  const colours = CLASSES[isDark() ? "dark" : "light"];
  return colours[index % colours.length];
}

/** A colour that the style names, such as `--ink`. */
export function styleColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
