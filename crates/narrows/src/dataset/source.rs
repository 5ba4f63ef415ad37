//! Where data comes from.

use std::fmt;
use std::str::FromStr;

use super::Parts;

/// A source of data, by the name that commands and experiments use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The embedded MNIST.
    #[cfg(feature = "mnist")]
    Mnist,
}

/// A name that is no source of data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no data set `{name}`; there are: {}", Source::NAMES.join(", "))]
pub struct UnknownSource {
    /// What was asked for.
    pub name: String,
}

impl Source {
    /// The names of all sources.
    pub const NAMES: &'static [&'static str] = &[
        #[cfg(feature = "mnist")]
        "mnist",
    ];

    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "mnist")]
            Self::Mnist => "mnist",
        }
    }

    /// Reads the data.
    pub fn load(self) -> Parts {
        match self {
            #[cfg(feature = "mnist")]
            Self::Mnist => super::mnist::load(),
        }
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        match name {
            #[cfg(feature = "mnist")]
            "mnist" => Ok(Self::Mnist),
            _ => Err(UnknownSource { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
