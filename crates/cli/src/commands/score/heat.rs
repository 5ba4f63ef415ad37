//! Strange images beside what the model makes of them, and where they differ.

use narrows::compute::Compute;
use narrows::report::gallery::{Row, rows};
use narrows::report::picture::{Channels, Picture};

use super::passes::Strange;
use crate::commands::model_file::LoadedModel;
use crate::commands::pictures::Pictures;
use crate::failure::Failure;

/// White, then the darker the greater the squared error: a light red, a dark one at the greatest of the image.
const HEAT: [[f32; 3]; 3] = [[1.0, 1.0, 1.0], [0.95, 0.45, 0.25], [0.45, 0.0, 0.1]];

/// A figure of the strangest images.
pub fn figure(model: &LoadedModel, strangest: &[Strange], compute: &mut Compute) -> Result<String, Failure> {
    let pictures = Pictures::of(model)?;
    let predictor = model.model.predictor()?;
    let row = |label: &str| Row { label: label.to_owned(), ..Row::default() };
    let (mut images, mut made, mut heat) = (row("image"), row("reconstruction"), row("squared error"));
    for strange in strangest {
        let samples = model.samples(&strange.row)?;
        let reconstruction = predictor.reconstruct(compute, &samples)?;
        images.pictures.extend(pictures.draw(&samples.row(0)));
        images.notes.push(strange.name.clone());
        made.pictures.extend(pictures.draw(&reconstruction));
        heat.pictures.push(heat_map(model, &predictor.squared_errors_by_feature(compute, &samples)?)?);
        heat.notes.push(format!("{:.4}", strange.score));
    }
    let title = "The strangest images, their reconstructions, and where they differ\n\
                 the number is the score: the mean squared error of all pixels. The darkest red is the greatest error of the image";
    Ok(rows(title, &[images, made, heat]))
}

/// The squared error of each pixel, as a share of the greatest.
fn heat_map(model: &LoadedModel, errors: &[f32]) -> Result<Picture, Failure> {
    let image = model.model.input.image().expect("it was checked that there are images");
    let of_pixel = |errors: &[f32]| errors.iter().sum::<f32>();
    let pixels: Vec<f32> = errors.chunks_exact(image.channels).map(of_pixel).collect();
    let greatest = pixels.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let colours: Vec<f32> = pixels.iter().flat_map(|error| heat_of(error / greatest)).collect();
    Picture::new(image.height, image.width, Channels::Rgb, &colours).map_err(Failure::failed)
}

/// From 0, white, to 1.
fn heat_of(share: f32) -> [f32; 3] {
    let place = 2.0 * share.clamp(0.0, 1.0);
    let (from, to, part) =
        if place < 1.0 { (HEAT[0], HEAT[1], place) } else { (HEAT[1], HEAT[2], place - 1.0) };
    std::array::from_fn(|channel| from[channel] + part * (to[channel] - from[channel]))
}
