//! What goes wrong, and the exit code for it.

use std::fmt::Display;
use std::process::ExitCode;

use narrows::dataset::{RowNameError, UnknownSource};
use narrows::experiment::{DirectoryError, DrawError, ExperimentError, RunError};
use narrows::export::safetensors::LoadError;
use narrows::model::MismatchError;

/// An end without success.
#[derive(Debug)]
pub enum Failure {
    /// The user asked for something that cannot be: exit code 2.
    User(String),
    /// Something failed: exit code 1.
    Failed(String),
    /// Ctrl-C: exit code 130, as shells expect.
    Interrupted(String),
}

impl Failure {
    /// The user's mistake.
    pub fn user(message: impl Display) -> Self {
        Self::User(message.to_string())
    }

    /// Something failed.
    pub fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// Tells the user.
    #[allow(clippy::print_stderr, reason = "this is where errors reach the user")]
    pub fn report(&self) {
        match self {
            Self::User(message) | Self::Failed(message) => eprintln!("error: {message}"),
            Self::Interrupted(message) => eprintln!("stopped: {message}"),
        }
    }

    /// The program's exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::User(_) => 2,
            Self::Failed(_) => 1,
            Self::Interrupted(_) => 130,
        })
    }
}

/// What comes of wrong input is the user's to mend.
macro_rules! users_mistake {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::user(error)
            }
        })+
    };
}
users_mistake!(ExperimentError, LoadError, MismatchError, RowNameError, UnknownSource);

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Directory(DirectoryError::Write { .. }) | RunError::Pca(_) | RunError::Figure(DrawError::Raster(_)) => {
                Self::failed(error)
            }
            _ => Self::user(error),
        }
    }
}

/// Adds the nearest of the known names, if one is near.
pub fn with_suggestion(message: String, asked: &str, known: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let nearest = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(asked, name.as_ref()), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        // Below this, names share little but a letter or two.
        Some((likeness, name)) if likeness > 0.75 => format!("{message}; did you mean `{}`?", name.as_ref()),
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = ["assignment", "quick"];
        let suggest = |asked| with_suggestion("unknown".to_owned(), asked, known);
        assert_eq!(suggest("asignment"), "unknown; did you mean `assignment`?");
        assert_eq!(suggest("zebra"), "unknown");
    }
}
