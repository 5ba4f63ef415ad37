//! The program as a user meets it: the real binary, on the real data.
//!
//! Most tests look at one run of the whole study, one epoch long, which the first of them starts ([`study::study`]).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod data;
mod examples;
mod export;
mod files;
mod interrupt;
mod mistakes;
mod model_files;
mod onnx;
mod pictures;
mod pytorch;
mod resume;
mod rows;
mod several;
mod study;
mod sweep;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// What the program did.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// A call of the program; errors about a crash would be the same in every test, so they are looked for here.
fn called<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    ended(&program(arguments).output().unwrap())
}

fn program<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command.args(arguments).stdin(Stdio::null());
    // Nothing goes into the caches of whoever runs the tests.
    command.env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command
}

fn ended(output: &Output) -> Ended {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "the program has crashed: {err}");
    let code = output.status.code().expect("the program ends by itself, not by a signal");
    Ended { code, out, err }
}

impl Ended {
    /// Standard output of a call that must succeed.
    #[track_caller]
    fn success(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Standard error of a call that must fail with this code, and say all this.
    #[track_caller]
    fn failure(self, code: i32, says: &[&str]) -> String {
        assert_eq!(self.code, code, "{self:?}");
        for words in says {
            assert!(self.err.contains(words), "`{words}` is not in: {}", self.err);
        }
        self.err
    }

    /// A mistake of the user, of which the message says all this.
    #[track_caller]
    fn mistake(self, says: &[&str]) -> String {
        assert!(self.out.is_empty(), "{self:?}");
        self.failure(2, says)
    }

    #[track_caller]
    fn json(self) -> serde_json::Value {
        let out = self.success();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"))
    }
}

/// A history without its last column.
fn without_seconds(history: &std::path::Path) -> Vec<u8> {
    let text = std::fs::read_to_string(history).unwrap();
    let lines = text.lines().map(|line| line.rsplit_once(',').unwrap().0);
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

/// `narrows!["run", "assignment", "--out", path]`: arguments of any kind of string.
macro_rules! narrows {
    ($($argument:expr),* $(,)?) => {
        $crate::called([$(std::ffi::OsString::from($argument)),*])
    };
}
pub(crate) use narrows;
