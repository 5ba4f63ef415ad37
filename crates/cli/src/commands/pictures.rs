//! Pictures that commands draw: a model's rows as images, and the file that a figure goes to.

use std::path::PathBuf;
use std::str::FromStr;

use narrows::dataset::ImageShape;
use narrows::model::Autoencoder;
use narrows::report::picture::Picture;
use narrows::report::raster;

use crate::commands::model_file::LoadedModel;
use crate::commands::output::write_file;
use crate::failure::Failure;

/// PNGs have so many pixels for one of the figure's: crisp on today's screens and in print.
const PNG_SCALE: f32 = 2.0;

/// The file for a figure. Its ending says in which format; another ending is refused before anything is computed.
#[derive(Clone, Debug)]
pub struct PictureFile {
    path: PathBuf,
    format: Format,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Png,
    Svg,
}

impl FromStr for PictureFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let format = match ending.as_deref() {
            Some("png") => Format::Png,
            Some("svg") => Format::Svg,
            _ => {
                return Err("pictures are written as PNG or SVG; expected a name that ends in .png or .svg"
                    .to_owned());
            }
        };
        Ok(Self { path, format })
    }
}

impl PictureFile {
    /// Writes a figure.
    pub fn write(&self, svg: &str) -> Result<(), Failure> {
        match self.format {
            Format::Svg => write_file(&self.path, svg.as_bytes()),
            Format::Png => write_file(&self.path, &raster::png(svg, PNG_SCALE).map_err(Failure::failed)?),
        }
    }

    /// Its path as text.
    pub fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// How a model's rows are drawn.
#[derive(Debug)]
pub struct Pictures<'a> {
    model: &'a Autoencoder,
    image: ImageShape,
}

impl<'a> Pictures<'a> {
    /// Of a model of images; of another, there is nothing to draw.
    pub fn of(LoadedModel { name, model, .. }: &'a LoadedModel) -> Result<Self, Failure> {
        let image = model.input.image().ok_or_else(|| {
            Failure::user(format!("{name} does not read images, so there is nothing to draw"))
        })?;
        Ok(Self { model, image })
    }

    /// Rows in the model's scale as pictures.
    pub fn draw(&self, values: &[f32]) -> Vec<Picture> {
        let shown = self.model.input.unit_scale().expect("images have a range").of_model(values);
        shown
            .chunks_exact(self.model.architecture.inputs)
            .map(|pixels| Picture::of_image(self.image, pixels).expect("a model's image shape fits its rows"))
            .collect()
    }
}
