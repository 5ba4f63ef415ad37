//! Tests, lints and golden files.

use crate::command::run;

/// All tests. They need cargo, and Chromium for those of the page: the golden files are in the repository.
///
/// In the release profile: they train on real data, and share what `cargo run --release` has compiled.
pub fn test() -> Result<(), String> {
    println!(
        "The tests need Rust, and Chromium for those of the page; what cargo has not yet compiled takes some minutes."
    );
    run(&[], "cargo", &["run", "--release", "--quiet", "--", "--version", "--verbose"])?;
    run(&[], "cargo", &["test", "--release", "--workspace", "--all-features"])
}

/// Format, clippy and rustdoc, warnings denied.
pub fn lint() -> Result<(), String> {
    run(&[], "cargo", &["fmt", "--all", "--check"])?;
    run(&[], "cargo", &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    // The library alone, as a program that brings its own data takes it.
    run(&[], "cargo", &["clippy", "-p", "narrows", "--", "-D", "warnings"])?;
    run(&[("RUSTDOCFLAGS", "-D warnings")], "cargo", &["doc", "--workspace", "--all-features", "--no-deps"])
}

/// Writes the golden files anew.
pub fn golden() -> Result<(), String> {
    let environment = "target/golden-python";
    println!("PyTorch is installed into {environment}: 2.5 GB to fetch.");
    run(&[], "python3", &["-m", "venv", environment])?;
    let python = format!("{environment}/bin/python");
    run(&[], &python, &["-m", "pip", "install", "--quiet", "--no-deps", "-r", "golden/requirements.txt"])?;
    run(&[], &python, &["golden/generate.py"])?;
    let latents = "golden/requirements-latents.txt";
    run(&[], &python, &["-m", "pip", "install", "--quiet", "--no-deps", "-r", latents])?;
    run(&[], &python, &["golden/generate_latents.py"])?;
    run(&[], &python, &["golden/splits.py"])?;

    // Other versions of the same packages, so an environment each.
    golden_of_its_own("interpolation")?;
    golden_of_its_own("data")
}

/// Runs `golden/NAME.py` in a Python environment that holds `golden/requirements-NAME.txt` and nothing else.
fn golden_of_its_own(name: &str) -> Result<(), String> {
    let environment = format!("target/golden-python-{name}");
    run(&[], "python3", &["-m", "venv", &environment])?;
    let python = format!("{environment}/bin/python");
    let requirements = format!("golden/requirements-{name}.txt");
    run(&[], &python, &["-m", "pip", "install", "--quiet", "--no-deps", "-r", &requirements])?;
    run(&[], &python, &[&format!("golden/{name}.py")])
}
