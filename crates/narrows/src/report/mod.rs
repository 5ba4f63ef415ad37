//! Charts, pictures and the report page: what a person looks at.
//!
//! Everything here takes data and returns text or bytes: no file is read or written, nothing is printed, and
//! nothing of the machine shows, neither its fonts nor its clock: the same input gives the same bytes.
//!
//! * [`chart`]: curves as an SVG line chart;
//! * [`picture`]: an image held as numbers; [`gallery`]: many of them laid out with labels, as SVG;
//! * [`panels`]: points and lines in panels side by side, over numbers or names;
//! * [`parallel`]: a line for each combination of settings over an axis for each;
//! * [`palette`]: the colour and line style of a model, the same everywhere;
//! * [`raster`]: any of those SVGs as a PNG;
//! * [`page`]: text, tables and figures as one HTML document that needs nothing else;
//! * [`live`]: the parts of it that run the models.

pub mod chart;
pub mod gallery;
pub mod live;
pub mod page;
pub mod palette;
pub mod panels;
pub mod parallel;
pub mod picture;
pub mod raster;
mod theme;
mod typeface;

/// `bytes` as a URI that can stand wherever an address can, so that a document carries its images itself.
fn data_uri(media_type: &str, bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}
