//! What goes wrong, and the exit code for it.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use narrows::compute::ThreadsError;
use narrows::dataset::convert::ConvertError;
use narrows::dataset::format::Problem;
use narrows::dataset::{DataError, RowNameError, load};
use narrows::experiment::{DirectoryError, DrawError, ExperimentError, FinishedRunError, RunError};
use narrows::files::npz::NpzError;
use narrows::files::{LoadError, SaveError};
use narrows::interpolate::judge::JudgeError;
use narrows::interpolate::quality::QualityError;
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
    /// Something cannot be written, of which it is not said yet what it is.
    Write(io::Error),
    /// Nobody reads any more what is written (`narrows … | head`): no failure, and nothing to say.
    ReaderGone,
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

    /// Says what it is that cannot be written.
    pub fn writing(self, what: impl Display) -> Self {
        match self {
            Self::Write(error) => Self::failed(format!("{what} cannot be written: {error}")),
            other => other,
        }
    }

    /// Tells the user.
    pub fn report(&self) {
        match self {
            Self::User(message) | Self::Failed(message) => complain(&format!("error: {message}")),
            Self::Interrupted(message) => complain(&format!("stopped: {message}")),
            Self::Write(error) => complain(&format!("error: {error}")),
            Self::ReaderGone => {}
        }
    }

    /// The program's exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::User(_) => 2,
            Self::Failed(_) | Self::Write(_) => 1,
            Self::ReaderGone => 0,
            Self::Interrupted(_) => 130,
        })
    }
}

/// Writes a line to standard error. Where nobody reads it any more (`narrows … 2>&1 | head`) there is nothing to do about
/// it; `eprintln!` would panic.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
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
users_mistake!(
    DataError,
    ExperimentError,
    LoadError,
    MismatchError,
    QualityError,
    RowNameError,
    ThreadsError
);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<load::LoadError> for Failure {
    fn from(error: load::LoadError) -> Self {
        match error {
            load::LoadError::Cache { .. } => Self::failed(error),
            _ => Self::user(error),
        }
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Write { .. } => Self::failed(error),
            _ => Self::user(error),
        }
    }
}

impl From<NpzError> for Failure {
    fn from(error: NpzError) -> Self {
        match error {
            NpzError::Model(error) => error.into(),
            error => Self::failed(error),
        }
    }
}

impl From<JudgeError> for Failure {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Stopped => Self::Interrupted(error.to_string()),
            _ => Self::failed(error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Directory(DirectoryError::Write { .. } | DirectoryError::Model(_))
            | RunError::Pca(_)
            | RunError::Judge(_)
            | RunError::Figure(DrawError::Raster(_)) => Self::failed(error),
            _ => Self::user(error),
        }
    }
}

impl From<ConvertError> for Failure {
    fn from(error: ConvertError) -> Self {
        match &error {
            ConvertError::Folder { .. } => Self::failed(error),
            ConvertError::Format(format) => match &*format.problem {
                Problem::Io(io) if io.kind() != ErrorKind::AlreadyExists => Self::failed(error),
                Problem::Missing | Problem::Permission => Self::failed(error),
                _ => Self::user(error),
            },
            _ => Self::user(error),
        }
    }
}

impl From<FinishedRunError> for Failure {
    fn from(error: FinishedRunError) -> Self {
        match error {
            FinishedRunError::Pca(_) | FinishedRunError::Figure(DrawError::Raster(_)) => Self::failed(error),
            _ => Self::user(error),
        }
    }
}

/// The nearest of the known names, if one is near.
pub fn nearest<T: AsRef<str>>(asked: &str, known: impl IntoIterator<Item = T>) -> Option<T> {
    let asked = asked.to_lowercase();
    let distance = |name: &T| strsim::damerau_levenshtein(&asked, &name.as_ref().to_lowercase());
    let (slips, name) =
        known.into_iter().map(|name| (distance(&name), name)).min_by_key(|(slips, _)| *slips)?;
    // A slip of the finger in every three letters; beyond that, names share little.
    (3 * slips <= name.as_ref().chars().count().max(3)).then_some(name)
}

/// Adds the nearest of the known names, if one is near.
pub fn with_suggestion(
    message: String,
    asked: &str,
    known: impl IntoIterator<Item = impl AsRef<str>>,
) -> String {
    match nearest(asked, known) {
        Some(name) => format!("{message}; did you mean `{}`?", name.as_ref()),
        None => message,
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
