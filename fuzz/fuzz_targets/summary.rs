#![no_main]

#[path = "../made/run.rs"]
mod made;

use narrows::compute::{Compute, Level};
use narrows::experiment::FinishedRun;

// The text takes the place of a run's `summary.json`, and the run's report is made from it.
libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let folder = std::env::temp_dir().join(format!("narrows-fuzz-{}", std::process::id()));
    if !folder.exists() {
        made::run(&folder);
    }
    std::fs::write(folder.join("summary.json"), text).expect("the folder is there");
    if let Ok(run) = FinishedRun::read(&folder) {
        let data = made::data();
        let _ = (run.live_models(), run.live_pairs(&data), run.compared(), run.bound());
        let _ = run.report(&data, &mut Compute::single(Level::detect())).map(|page| page.html());
    }
});
