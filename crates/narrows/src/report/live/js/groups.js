// Classes as the map shows them: the first ten each in a colour and by name, all others together.

import { classColour, otherColour, styleColour } from "./colours.js";

/** Classes that have a colour of their own. */
export const MAX_CLASSES = 10;

/** The groups, each with a `name` or null and `colour()`; `of(label)` is the place of a label's group. Only a class alone is `named` on the map. */
export function groupsOf(classes) {
  if (!classes.length) return { groups: [{ name: null, named: false, colour: () => styleColour("--accent") }], of: () => 0 };
  const groups = classes.slice(0, MAX_CLASSES).map((name, index) => ({ name, named: true, colour: () => classColour(index) }));
  const others = classes.length - groups.length;
  const places = new Map(groups.map(({ name }, index) => [name, index]));
  if (others) groups.push({ name: `${others.toLocaleString("en")} other classes`, named: false, colour: otherColour });
  return { groups, of: (label) => places.get(label) ?? groups.length - 1 };
}
