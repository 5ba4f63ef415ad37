//! The modules of the page as one script.
//!
//! The files in `js/` are modules of ECMAScript as an editor and a linter know them. One inline script cannot import
//! another, so each becomes a function of its own, in an order in which every module stands behind those that it
//! imports:
//!
//! ```text
//! import { a, b } from "./m.js";     const { a, b } = modules["./m.js"];
//! export function f() …              function f() …   and at the end: return { f };
//! ```
//!
//! An import stands on one line and renames nothing, and what is exported is a `function`, `class`, or `const` at the line's beginning.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Name and text of each module, those that are imported first.
const MODULES: &[(&str, &str)] = &[
    ("dom", include_str!("js/dom.js")),
    ("address", include_str!("js/address.js")),
    ("payload", include_str!("js/payload.js")),
    ("model", include_str!("js/model.js")),
    ("data", include_str!("js/data.js")),
    ("colours", include_str!("js/colours.js")),
    ("columns", include_str!("js/columns.js")),
    ("picture", include_str!("js/picture.js")),
    ("profile", include_str!("js/profile.js")),
    ("values", include_str!("js/values.js")),
    ("bars", include_str!("js/bars.js")),
    ("codes", include_str!("js/codes.js")),
    ("groups", include_str!("js/groups.js")),
    ("digit", include_str!("js/digit.js")),
    ("errors", include_str!("js/errors.js")),
    ("save", include_str!("js/save.js")),
    ("csv", include_str!("js/csv.js")),
    ("tables", include_str!("js/tables.js")),
    ("scale", include_str!("js/scale.js")),
    ("chart", include_str!("js/chart.js")),
    ("lines", include_str!("js/lines.js")),
    ("thumbs", include_str!("js/thumbs.js")),
    ("pad", include_str!("js/pad.js")),
    ("picker", include_str!("js/picker.js")),
    ("path", include_str!("js/path.js")),
    ("picture-path", include_str!("js/picture-path.js")),
    ("table-path", include_str!("js/table-path.js")),
    ("player", include_str!("js/player.js")),
    ("rows", include_str!("js/rows.js")),
    ("strip", include_str!("js/strip.js")),
    ("interpolate", include_str!("js/interpolate.js")),
    ("view", include_str!("js/view.js")),
    ("plane", include_str!("js/plane.js")),
    ("names", include_str!("js/names.js")),
    ("points", include_str!("js/points.js")),
    ("marks", include_str!("js/marks.js")),
    ("gestures", include_str!("js/gestures.js")),
    ("atlas", include_str!("js/atlas.js")),
    ("near", include_str!("js/near.js")),
    ("near-row", include_str!("js/near-row.js")),
    ("map", include_str!("js/map.js")),
    ("latent", include_str!("js/latent.js")),
    ("sliders", include_str!("js/sliders.js")),
    ("drawn", include_str!("js/drawn.js")),
    ("draw", include_str!("js/draw.js")),
    ("training", include_str!("js/training.js")),
    ("parts", include_str!("js/parts.js")),
    ("main", include_str!("js/main.js")),
];

/// The script of the page.
pub(super) fn script() -> String {
    join(MODULES)
}

/// What a content security policy calls an inline script by.
pub(super) fn hash(script: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(script.as_bytes())))
}

fn join(modules: &[(&str, &str)]) -> String {
    let mut script = "\nconst modules = {};\n".to_owned();
    for (name, text) in modules {
        let mut exported = Vec::new();
        script.push_str(&format!("modules[\"./{name}.js\"] = (() => {{\n"));
        for line in text.lines() {
            if let Some(import) = line.strip_prefix("import ") {
                let (names, from) =
                    import.split_once(" from ").expect("an import has its names and its module");
                script.push_str(&format!("const {names} = modules[{}];\n", from.trim_end_matches(';')));
            } else if let Some(declaration) = line.strip_prefix("export ") {
                let name = declaration.trim_start_matches("async ").split_once(' ').map(|(_, rest)| {
                    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
                });
                exported.push(name.expect("what is exported has a name").to_owned());
                script.push_str(&format!("{declaration}\n"));
            } else {
                script.push_str(line);
                script.push('\n');
            }
        }
        script.push_str(&format!("return {{ {} }};\n}})();\n", exported.join(", ")));
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_become_functions_that_return_what_they_export() {
        let one = "export function f(x) {\n  return x;\n}\nexport const LIMIT = 3;\n";
        let two =
            "import { f, LIMIT } from \"./one.js\";\nexport async function g() {\n  return f(LIMIT);\n}\n";
        let script = join(&[("one", one), ("two", two)]);
        assert_eq!(
            script,
            "\nconst modules = {};\nmodules[\"./one.js\"] = (() => {\nfunction f(x) {\n  return x;\n}\nconst LIMIT = 3;\n\
             return { f, LIMIT };\n})();\nmodules[\"./two.js\"] = (() => {\nconst { f, LIMIT } = modules[\"./one.js\"];\n\
             async function g() {\n  return f(LIMIT);\n}\nreturn { g };\n})();\n"
        );
    }

    #[test]
    fn every_import_stands_behind_what_it_imports() {
        for (index, (name, text)) in MODULES.iter().enumerate() {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                assert!(!line.contains(" as "), "{name}: {line}");
                let from = line.split('"').nth(1).unwrap_or_default();
                let place = MODULES.iter().position(|(name, _)| format!("./{name}.js") == from);
                assert!(place.is_some_and(|place| place < index), "{name}: {line}");
            }
        }
    }

    #[test]
    fn nothing_in_the_script_ends_it_or_evaluates_text() {
        let script = script();
        for forbidden in ["</", "<!--", "<script", "eval(", "new Function", "innerHTML", "import(", "fetch("]
        {
            assert!(!script.contains(forbidden), "the script has `{forbidden}`");
        }
        assert!(!script.lines().any(|line| line.starts_with("import ") || line.starts_with("export ")));
    }

    #[test]
    fn the_hash_is_what_browsers_compute() {
        // printf "alert('Hello, world.');" | openssl sha256 -binary | base64, as in the specification of the policy.
        assert_eq!(hash("alert('Hello, world.');"), "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }
}
