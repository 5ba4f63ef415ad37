//! Tests, lints and golden files.

use crate::command::run;
use crate::packages::is_installed;
use crate::{page_tools, python};

/// All tests, after what they need beside Rust has been installed: the golden files are in the repository.
///
/// In the release profile: they train on real data, and share what `cargo run --release` has compiled.
pub fn test() -> Result<(), String> {
    println!("What cargo has not yet compiled takes some minutes; then the tests take some more.");
    let mut tools = page_tools::prepare();
    tools.extend(python::prepare());
    let variables: Vec<(&str, &str)> = tools.iter().map(|(name, path)| (*name, path.as_str())).collect();
    run(&[], "cargo", &["run", "--release", "--quiet", "--", "--version", "--verbose"])?;
    run(&variables, "cargo", &["test", "--release", "--workspace", "--all-features", "--no-fail-fast"])
}

/// Unit tests, and the integration tests that need neither the program nor a browser: under a minute once compiled.
pub fn quick() -> Result<(), String> {
    let everywhere = ["test", "--release", "--workspace", "--all-features", "--lib", "--bins"];
    let tests = ["kernels", "training", "latents", "interpolation", "allocation"];
    let tests = tests.iter().flat_map(|name| ["--test", name]);
    run(&[], "cargo", &everywhere.into_iter().chain(tests).collect::<Vec<_>>())
}

/// A hundred kills of a run at random moments; the tests have a few.
pub fn crash() -> Result<(), String> {
    let test = ["test", "--release", "--workspace", "--all-features", "--test", "program"];
    let name = "resume::a_run_that_is_killed_again_and_again_ends_as_one_that_is_not";
    run(&[("NARROWS_KILLS", "100")], "cargo", &[&test[..], &["--", "--exact", name, "--nocapture"]].concat())
}

/// Format, clippy and rustdoc, warnings denied; in the release profile, which shares build scripts with the tests.
pub fn lint() -> Result<(), String> {
    run(&[], "cargo", &["fmt", "--all", "--check"])?;
    let clippy = ["clippy", "--release"];
    let deny = ["--", "-D", "warnings"];
    run(&[], "cargo", &[&clippy[..], &["--workspace", "--all-targets", "--all-features"], &deny].concat())?;
    // The library alone, as a program that brings its own data takes it.
    run(&[], "cargo", &[&clippy[..], &["-p", "narrows"], &deny].concat())?;
    let doc = ["doc", "--release", "--workspace", "--all-features", "--no-deps"];
    run(&[("RUSTDOCFLAGS", "-D warnings")], "cargo", &doc)?;
    dependencies()
}

/// Licences and origins of all dependencies, by deny.toml, where cargo-deny is installed. Known weaknesses are looked up in the network
/// by `cargo deny check advisories`.
fn dependencies() -> Result<(), String> {
    if !is_installed("cargo-deny") {
        println!(
            "Licences of dependencies are not checked: `cargo install cargo-deny` brings what checks them."
        );
        return Ok(());
    }
    run(&[], "cargo", &["deny", "--offline", "check", "licenses", "bans", "sources"])
}

/// Each crate as a package that builds alone, and the program installed from its package.
pub fn package() -> Result<(), String> {
    // A debug build without its information: it is only to be seen that everything is there.
    let quick = [("CARGO_PROFILE_DEV_OPT_LEVEL", "0"), ("CARGO_PROFILE_DEV_DEBUG", "false")];
    let package = ["package", "--workspace", "--exclude", "xtask", "--allow-dirty"];
    run(&quick, "cargo", &package)
}

/// Writes the golden files anew.
pub fn golden() -> Result<(), String> {
    let environment = "target/golden-python";
    println!("PyTorch is installed into {environment}: 2.5 GB to fetch.");
    run(&[], "python3", &["-m", "venv", environment])?;
    let python = format!("{environment}/bin/python");
    run(&[], &python, &["-m", "pip", "install", "--quiet", "--no-deps", "-r", "golden/requirements.txt"])?;
    run(&[], &python, &["golden/generate.py"])?;
    run(&[], &python, &["golden/masked.py"])?;
    run(&[], &python, &["golden/objectives.py"])?;
    // docs/pytorch.md, as a reader would run it.
    run(&[], "cargo", &["build", "--release"])?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    run(&[], &python, &["golden/pytorch.py", &format!("{target}/release/narrows")])?;
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
