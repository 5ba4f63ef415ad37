//! What must be there before anything is measured: Python with the peers, narrows' programs, and the data.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::measurement::output;
use crate::command::{root, run};

const REQUIREMENTS: &str = "benchmarks/requirements.txt";

/// Where everything is.
#[derive(Debug)]
pub struct Environment {
    /// Python, with the peers' libraries.
    pub python: PathBuf,
    /// The command line.
    pub narrows: PathBuf,
    /// The example that measures the library.
    pub measure: PathBuf,
    /// Prints the processor's limit.
    pub peak: PathBuf,
    /// For caches and figures that are not kept.
    pub folder: PathBuf,
    /// What `measure export` writes and the peers read; a trial's is another than the whole.
    pub data: PathBuf,
    /// Held while this lives: two benchmarks at once would measure each other.
    _lock: File,
}

impl Environment {
    /// Installs, compiles and writes what is missing; of all data, at most `rows` rows.
    pub fn prepare(rows: usize) -> Result<Self, String> {
        let root = root().canonicalize().map_err(|error| format!("{}: {error}", root().display()))?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |path| root.join(path));
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let environment = Self {
            python: python(&target.join("bench-python"))?,
            narrows: target.join("release/narrows"),
            measure: target.join("release/examples/measure"),
            peak: folder.join("peak"),
            data: folder.join(format!("data-{rows}")),
            _lock: lock(&folder.join("lock"))?,
            folder,
        };
        run(&[], "cargo", &["build", "--release"])?;
        run(
            &[],
            "cargo",
            &["build", "--release", "-p", "narrows", "--features", "mnist", "--example", "measure"],
        )?;
        let peak = environment.peak.to_string_lossy();
        let peak = ["--edition", "2024", "-O", "-C", "target-cpu=native", "benchmarks/peak.rs", "-o", &peak];
        run(&[], "rustc", &peak)?;
        environment.export(rows)?;
        Ok(environment)
    }

    fn export(&self, rows: usize) -> Result<(), String> {
        println!("==> the data, in {}", self.data.display());
        output(std::process::Command::new(&self.measure).args(["export", &rows.to_string()]).arg(&self.data))
            .map(drop)
    }
}

fn lock(path: &Path) -> Result<File, String> {
    let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.try_lock()
        .map_err(|_| "another `cargo xtask bench` is running; they would measure each other".to_owned())?;
    Ok(file)
}

/// A Python environment with the libraries of benchmarks/requirements.txt, made unless it is already there.
fn python(folder: &Path) -> Result<PathBuf, String> {
    let python = folder.join("bin/python");
    let wanted =
        std::fs::read_to_string(root().join(REQUIREMENTS)).map_err(|e| format!("{REQUIREMENTS}: {e}"))?;
    // Written when all is installed, so that what was interrupted or has changed is done again.
    let installed = folder.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let shown = folder.display().to_string();
    println!(
        "PyTorch, JAX and scikit-learn are installed into {shown}: 2.7 GB to fetch, 4.8 GB on the disk, once."
    );
    run(&[], "python3", &["-m", "venv", &shown])?;
    run(&[], &python.to_string_lossy(), &["-m", "pip", "install", "--no-deps", "-r", REQUIREMENTS])?;
    std::fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(python)
}
