//! axe-core finds no violation, on any part, in light and dark, on a laptop and a telephone.

use std::path::PathBuf;

use serde_json::Value;

use crate::browser::Browser;
use crate::sizes::{PARTS, show};
use crate::study::study;
use crate::{SIZES, in_page};

/// Set to the path of axe.min.js, it is what is taken.
const VARIABLE: &str = "NARROWS_AXE";

/// The program that looks for what keeps people out of a page.
fn axe() -> String {
    let default = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../axe/package/axe.min.js");
    let path = std::env::var_os(VARIABLE).map_or(default, PathBuf::from);
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}. The page is checked with axe-core: `cargo xtask test` fetches it, or do it by hand with `mkdir -p \
             target/axe && cd target/axe && npm pack axe-core && tar xf axe-core-*.tgz`; {VARIABLE} may name an axe.min.js \
             elsewhere",
            path.display()
        )
    })
}

/// Looks through what a page shows.
#[track_caller]
pub fn keeps_nobody_out(browser: &mut Browser, what: &str) {
    browser.value(&format!("{}\n;0", axe()));
    let found = browser.value(
        "axe.run(document, { preload: false, resultTypes: ['violations'] }).then((r) => r.violations.map((v) => \
         `${v.id}: ${v.help}\\n` + v.nodes.slice(0, 5).map((n) => `  ${n.html.slice(0, 200)}\\n  ${n.failureSummary}`).join('\\n')))",
    );
    let found: Vec<&str> = found.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn no_part_keeps_anybody_out() {
    for size in [SIZES[0], SIZES[3]] {
        for scheme in ["light", "dark"] {
            in_page(&study().report(), PARTS[0], size, |browser| {
                browser.scheme(scheme);
                for part in PARTS {
                    show(browser, part);
                    keeps_nobody_out(browser, &format!("{part}, {scheme}, {} wide", size.0));
                }
            });
        }
    }
}
