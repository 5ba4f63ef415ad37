//! What a model is worth, measured.

pub mod anomaly;
mod certificate;
mod classes;
mod latent;
mod neighbours;
mod probe;
mod reconstruction;
mod spread;
mod structure;

pub use certificate::{Certificate, CertificateError, MAX_EXCESS, MIN_MEAN_SQUARED_COSINE};
pub use classes::{ClassesError, Labelled, neighbour_accuracy};
pub use latent::{ClassError, LatentError, LatentQuality, LatentSettings, RowError, latent_quality};
pub(crate) use neighbours::as_forward_tiles;
pub use neighbours::{Itself, Points, References};
pub use probe::{LinearProbe, linear_probe};
pub use reconstruction::{ReconstructionError, reconstruction_error};
pub use spread::{LatentUnit, effective_rank};
pub use structure::{Structure, structure};
