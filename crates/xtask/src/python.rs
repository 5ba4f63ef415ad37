//! The Python that runs exported models in tests: an environment of its own under `target`, with onnx and onnxruntime from PyPI.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{root, run};
use crate::packages::PYTHON;

/// Tests take the Python that it names.
const VARIABLE: &str = "NARROWS_ONNX_PYTHON";

const FOLDER: &str = "target/onnx-python";
const REQUIREMENTS: &str = "crates/cli/tests/program/requirements-onnx.txt";

/// In the environment: the requirements that it was made by.
const MADE_BY: &str = "requirements.txt";

/// The variable for the tests, unless it is set. What cannot be had is told, and its tests will fail, not be skipped.
pub fn prepare() -> Option<(&'static str, String)> {
    if std::env::var_os(VARIABLE).is_some() {
        return None;
    }
    match environment() {
        Ok(python) => Some((VARIABLE, python.display().to_string())),
        Err(why) => {
            eprintln!(
                "{why}. Or set {VARIABLE} to a Python that has what {REQUIREMENTS} lists. Until then the tests of ONNX files fail."
            );
            None
        }
    }
}

/// The environment's Python; makes the environment first, unless it is there.
fn environment() -> Result<PathBuf, String> {
    let root = root().canonicalize().map_err(|error| format!("{}: {error}", root().display()))?;
    let folder = root.join(FOLDER);
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let wanted = read(&root.join(REQUIREMENTS))?;
    if read(&folder.join(MADE_BY)).is_ok_and(|made_by| made_by == wanted)
        && can(&python, "import onnxruntime")
    {
        return Ok(python);
    }
    let system = PYTHON.find_or_install()?;
    // Debian has these in a package of their own.
    if !can(&system, "import ensurepip, venv") {
        PYTHON.install()?;
    }
    println!("onnx, onnxruntime and NumPy are installed from PyPI into {FOLDER}: 60 MB to fetch, once.");
    let made = run(&[], &system.to_string_lossy(), &["-m", "venv", "--clear", FOLDER]).and_then(|()| {
        let install = ["-m", "pip", "install", "--quiet", "--no-deps", "-r", REQUIREMENTS];
        run(&[], &python.to_string_lossy(), &install)
    });
    made.map_err(|why| {
        format!("onnxruntime could not be installed: {why}. It needs Python 3.11 or newer, and PyPI")
    })?;
    let stamp = folder.join(MADE_BY);
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// Whether a Python runs these lines.
fn can(python: &Path, lines: &str) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", lines]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
