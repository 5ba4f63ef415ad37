//! The file readers, against files that NumPy, pandas, polars, PyArrow and Pillow wrote (`golden/data`), and against files that
//! nobody should have written.

mod arrays;
mod bad_input;
#[cfg(feature = "parquet")]
mod columnar;
mod corpus;
mod csv;
mod golden;
#[cfg(feature = "images")]
mod images;
