//! The live parts of the page: they run the models, encoder and decoder, in the browser.
//!
//! A page carries the models' numbers ([`Live::new`]), some thousands of images, and the program that
//! uses them: the modules in `js/`, joined by `bundle` into one script, and `live.css`. Nothing is loaded: the
//! content security policy allows this one script, by its hash, and no connection at all.
//!
//! The arithmetic is that of [`Autoencoder`](crate::model::Autoencoder) in another order of summation, on weights of
//! sixteen bits ([`Quantised`]); `crates/cli/tests/page` compares the pictures in a real browser.

mod bundle;
mod payload;
mod plane;
mod quantise;
mod subject;

use maud::{Markup, PreEscaped, html};

use crate::compute::Compute;
use crate::model::MismatchError;

pub use narrows_kernels::Activation;
pub(crate) use plane::Plane;

pub use payload::pixels;
pub use quantise::{Dense, Quantised};
pub use subject::{Bound, Curves, Judge, LiveModel, LivePair, Snapshot, Subject};

/// What the page carries beside its text.
#[derive(Clone, Debug)]
pub struct Live {
    /// JSON: names, shapes, curves.
    study: String,
    /// By name: numbers, deflated (zlib), in base64.
    blobs: Vec<(&'static str, String)>,
    script: String,
}

impl Live {
    /// Packs what the live parts show.
    ///
    /// # Errors
    /// If a model cannot read the data.
    pub fn new(subject: &Subject<'_>, compute: &mut Compute) -> Result<Self, MismatchError> {
        let (study, blobs) = payload::pack(subject, compute)?;
        Ok(Self { study, blobs, script: bundle::script() })
    }

    /// The content security policy of a page with live parts.
    pub(super) fn policy(&self) -> String {
        format!(
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{}'; base-uri 'none'; \
             form-action 'none'",
            bundle::hash(&self.script)
        )
    }

    /// The style, which stands behind the page's own.
    pub(super) fn style() -> &'static str {
        include_str!("live.css")
    }

    /// Where the parts are built, after the page's header.
    pub(super) fn place() -> Markup {
        html! { div #live hidden {} }
    }

    /// Data and program, at the end of the page.
    pub(super) fn markup(&self) -> Markup {
        html! {
            script type="application/json" id="study" { (PreEscaped(&self.study)) }
            @for (name, blob) in &self.blobs {
                script type="text/plain" id=(format!("blob-{name}")) { (PreEscaped(blob)) }
            }
            script type="module" { (PreEscaped(&self.script)) }
        }
    }
}
