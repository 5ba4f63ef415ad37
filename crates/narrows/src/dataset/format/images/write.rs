//! Writing images as a folder of PNG files.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::super::error::{Fault, FormatError, Problem};
use super::{ImageFile, Images, ImagesProblem};
use crate::dataset::ImageShape;
use crate::files::write_folder_atomically;

/// Writes every image as PNG into `folder`, which must not exist: `train/7/00042.png` for the 42nd image (from 0) if it
/// has a role and a class, `00042.png` if it has neither. The folder appears when it is whole.
///
/// # Errors
/// If the folder exists, a class cannot be the name of a folder, or a file cannot be written; then nothing is left.
pub fn write_folder(folder: &Path, images: &Images) -> Result<(), FormatError> {
    refuse_existing(folder)
        .and_then(|()| write_folder_atomically(folder, |temporary| write_all(temporary, images)))
        .map_err(|problem| Fault::from(problem).in_file(folder))
}

/// Writes images of bytes that come some at a time into a folder that does not exist: `0000000.png`, `0000001.png`, …
///
/// # Errors
/// If the folder exists, and those of the file system and of `fill`; then there is no such folder.
pub fn write_pictures<E: From<std::io::Error>>(
    folder: &Path,
    shape: ImageShape,
    fill: impl FnOnce(&mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> Result<(), E>,
) -> Result<(), E> {
    let plain = |problem: Problem| match problem {
        Problem::Io(error) => error,
        problem => std::io::Error::other(problem.to_string()),
    };
    refuse_existing(folder).map_err(plain)?;
    let ImageShape { height, width, channels } = shape;
    write_folder_atomically(folder, |temporary| {
        let mut count = 0;
        fill(&mut |pixels| {
            for pixels in pixels.chunks_exact(height * width * channels) {
                write_png(&temporary.join(format!("{count:07}.png")), pixels, shape).map_err(plain)?;
                count += 1;
            }
            Ok(())
        })
    })
}

fn refuse_existing(folder: &Path) -> Result<(), Problem> {
    match fs::symlink_metadata(folder) {
        Ok(_) => {
            Err(Problem::Io(std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists already")))
        }
        Err(_) => Ok(()),
    }
}

fn write_all(folder: &Path, images: &Images) -> Result<(), Problem> {
    let row = images.height * images.width * images.channels;
    let digits = images.files.len().saturating_sub(1).to_string().len();
    for (index, (file, pixels)) in images.files.iter().zip(images.pixels.chunks_exact(row)).enumerate() {
        let folder = folder.join(relative_folder(file, images)?);
        fs::create_dir_all(&folder)?;
        let shape = ImageShape { height: images.height, width: images.width, channels: images.channels };
        write_png(&folder.join(format!("{index:0digits$}.png")), pixels, shape)?;
    }
    Ok(())
}

fn relative_folder(file: &ImageFile, images: &Images) -> Result<PathBuf, Problem> {
    let mut folder = PathBuf::from(file.role.map_or("", |role| role.folder()));
    if let Some(class) = file.class {
        let name = &images.classes[class as usize];
        let components: Vec<_> = Path::new(name).components().collect();
        if !matches!(components[..], [std::path::Component::Normal(_)]) || name.contains(['/', '\\']) {
            return Err(ImagesProblem::FolderName(name.clone()).into());
        }
        folder.push(name);
    }
    Ok(folder)
}

fn write_png(path: &Path, pixels: &[u8], shape: ImageShape) -> Result<(), Problem> {
    let side = |side: usize| u32::try_from(side).map_err(|error| Problem::Io(std::io::Error::other(error)));
    let colour = if shape.channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut writer = BufWriter::new(File::create(path)?);
    PngEncoder::new(&mut writer)
        .write_image(pixels, side(shape.width)?, side(shape.height)?, colour)
        .map_err(|error| Problem::Io(std::io::Error::other(error)))?;
    Ok(writer.flush()?)
}
