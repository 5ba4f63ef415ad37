//! `narrows --version`.

use crate::arguments::level;
use crate::commands::output::print;
use crate::failure::Failure;

/// Prints the version and, if asked, what the program runs on.
pub fn run(verbose: bool) -> Result<(), Failure> {
    let mut text = format!("narrows {}\n", env!("CARGO_PKG_VERSION"));
    if verbose {
        let names: Vec<&str> =
            narrows::compute::Level::available().iter().map(|level| level.name()).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        text += &format!(
            "instruction set: {} (here: {})\nprocessor: {}, {threads} threads\nsystem: {} {}\n",
            level()?,
            names.join(", "),
            cpu(),
            std::env::consts::OS,
            std::env::consts::ARCH,
        );
    }
    print(&text)
}

/// The processor's name, as far as the system tells.
pub fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
