//! What the tests of the page need beside Rust: Chromium, and axe-core, which looks for barriers to people with
//! disabilities. What is missing is installed or fetched, and said.

use std::path::{Path, PathBuf};

use crate::command::{root, run};
use crate::packages::{CHROMIUM, NPM};

/// Tests take the browser that it names.
const CHROMIUM_VARIABLE: &str = "NARROWS_CHROMIUM";

/// Tests take the axe-core that it names, else [`AXE_FILE`].
const AXE_VARIABLE: &str = "NARROWS_AXE";

/// The version that the page is free of violations in: a newer one may know more rules.
const AXE_VERSION: &str = "4.14.1";

const AXE_FOLDER: &str = "target/axe";
const AXE_FILE: &str = "target/axe/package/axe.min.js";

/// Variables for the tests, which say where these are. What cannot be had is told, and its tests will fail, not be skipped.
pub fn prepare() -> Vec<(&'static str, String)> {
    let tools =
        [(CHROMIUM_VARIABLE, "a browser", chromium as fn() -> _), (AXE_VARIABLE, "an axe.min.js", axe)];
    let mut variables = Vec::new();
    for (variable, what, find) in tools {
        if std::env::var_os(variable).is_some() {
            continue;
        }
        match find() {
            Ok(path) => variables.push((variable, path.display().to_string())),
            Err(why) => {
                eprintln!(
                    "{why}, or set {variable} to the path of {what}. Until then the tests of the page that need it fail."
                );
            }
        }
    }
    variables
}

fn chromium() -> Result<PathBuf, String> {
    CHROMIUM.find_or_install()
}

/// axe-core's script, fetched once.
fn axe() -> Result<PathBuf, String> {
    let root = root().canonicalize().map_err(|error| format!("{}: {error}", root().display()))?;
    let file = root.join(AXE_FILE);
    if is_pinned(&root.join(AXE_FOLDER)) && file.is_file() {
        return Ok(file);
    }
    let npm = NPM.find_or_install()?;
    println!("axe-core {AXE_VERSION} is fetched into {AXE_FOLDER} by npm: 3 MB, once.");
    std::fs::create_dir_all(root.join(AXE_FOLDER)).map_err(|error| format!("{AXE_FOLDER}: {error}"))?;
    let package = format!("axe-core@{AXE_VERSION}");
    let fetch = ["pack", "--silent", "--pack-destination", AXE_FOLDER, &package];
    let archive = format!("{AXE_FOLDER}/axe-core-{AXE_VERSION}.tgz");
    run(&[], &npm.to_string_lossy(), &fetch)
        .and_then(|()| run(&[], "tar", &["-xzf", &archive, "-C", AXE_FOLDER]))
        .map_err(|why| {
            format!("axe-core {AXE_VERSION} could not be fetched: {why}. Fetch it yourself into {AXE_FILE}")
        })?;
    Ok(file)
}

/// Whether the axe-core in a folder is of the version wanted.
fn is_pinned(folder: &Path) -> bool {
    let text = std::fs::read(folder.join("package/package.json")).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    package["version"] == AXE_VERSION
}
