//! The file readers, against files that NumPy, pandas, polars, PyArrow and Pillow wrote (`golden/data`), and against files that
//! nobody should have written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod arrays;
mod bad_input;
mod corpus;
mod csv;
mod golden;
#[cfg(feature = "images")]
mod images;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "report")]
mod summary;
