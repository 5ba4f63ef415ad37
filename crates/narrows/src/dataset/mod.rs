//! Data sets: what a row means ([`Schema`]), rows of values with labels ([`Dataset`]) in their [`Parts`], and rows in
//! a model's scale ([`Normalisation`], [`Samples`]).
//!
//! Values are checked when a data set is made; afterwards they are shared and never change. Normalisation is applied while
//! rows are gathered into a batch, so no normalised copy is ever made.

pub mod convert;
mod describe;
mod file;
pub mod format;
mod identity;
pub mod load;
#[cfg(feature = "mnist")]
pub mod mnist;
mod moments;
mod normalisation;
pub mod output;
mod parts;
mod pieces;
mod row_name;
mod samples;
mod schema;
mod split;
mod storage;
mod view;
mod windows;

pub use describe::{ClassDescription, ColumnDescription, Description};
pub use file::{BudgetError, ReadAhead};
pub use identity::Identity;
pub use moments::Moments;
pub use normalisation::{Normalisation, NormalisationError, NormalisationKind};
pub use parts::{Part, Parts, PartsError};
pub use row_name::{FoundRow, RowName, RowNameError, Which, find_class};
pub use samples::Samples;
pub use schema::{ImageShape, MAX_CLASSES, Missing, Schema, SchemaError, ValueRange, byte_of};
pub use split::{Shares, Split, SplitError};
pub use storage::Values;
pub(crate) use view::Examined;
#[cfg(feature = "report")]
pub(crate) use view::MAX_EXAMINED;
pub use view::{DataError, Dataset};
pub(crate) use windows::{Dealer, Window};
