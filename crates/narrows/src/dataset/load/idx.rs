//! From IDX files to rows: one array, or the usual four files of a folder.

use std::collections::BTreeMap;
use std::path::Path;

use super::array;
use super::error::LoadError;
use super::found::{Found, FoundParts};
use super::memory::{stays_in_file, too_large};
use super::{Reader, Wanted};
use crate::dataset::format::{ArrayFile, Limits, Source, idx};

impl Reader<'_> {
    /// One of the usual four files stands for all of them; any other is an array.
    pub fn idx_file(
        &mut self,
        path: &str,
        source: Source,
        wanted: Wanted<'_>,
    ) -> Result<FoundParts, LoadError> {
        let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
        let set =
            name.as_deref().and_then(|name| Some(name.split_once("train-images")?.0.trim_end_matches('-')));
        if let Some(set) = set {
            let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty());
            return self.idx_folder(path, folder.unwrap_or(Path::new(".")), Some(set), wanted);
        }
        if let Some(found) = self.left_in_file(path, source.is_gzip(), idx::layout)? {
            return Ok(found);
        }
        let array = idx::read(source, &Limits::default())?;
        let found = array::read(path, array, None, self.options, &wanted, &mut self.notes)?;
        Ok(FoundParts::one(found))
    }

    /// The usual four files.
    pub fn idx_folder(
        &mut self,
        path: &str,
        folder: &Path,
        set: Option<&str>,
        wanted: Wanted<'_>,
    ) -> Result<FoundParts, LoadError> {
        let folder = idx::find(folder, set)?;
        if folder.transposed {
            self.notes
                .push(format!("{path}: the images of EMNIST are stored transposed; they are turned upright"));
        }
        let classes = folder.classes()?;
        let train = self.idx_part(path, &folder, &folder.train, classes.as_ref(), wanted)?;
        let test = match &folder.test {
            Some(test) => Some(self.idx_part(path, &folder, test, classes.as_ref(), wanted)?),
            None => None,
        };
        Ok(FoundParts { train, validation: None, test })
    }

    fn idx_part(
        &mut self,
        path: &str,
        folder: &idx::Folder,
        part: &idx::PartFiles,
        classes: Option<&BTreeMap<u32, String>>,
        wanted: Wanted<'_>,
    ) -> Result<Found, LoadError> {
        let limits = Limits::default();
        let source = Source::open(&part.images)?;
        let is_gzip = source.is_gzip();
        let layout = idx::layout(source)?;
        let labels = part.read_labels(layout.rows(), &limits)?;
        let exceeded = self.exceeded(layout.memory_bytes());
        let why = match exceeded {
            Some(_) if is_gzip => Some("a compressed file can be read only from its beginning"),
            Some(_) if folder.transposed => Some("they are turned in memory"),
            _ => None,
        };
        let found = match (exceeded, why) {
            (Some(left), None) => {
                let ahead = self.read_ahead(left)?;
                let (name, bytes) = (part.images.display().to_string(), layout.memory_bytes());
                self.notes.push(stays_in_file(&name, bytes, left));
                let array = ArrayFile::open(&part.images)?;
                array::streamed(path, array, labels, ahead, self.options, &mut self.notes)?
            }
            (left, why) => {
                if let (Some(left), Some(why)) = (left, why) {
                    let (name, bytes) = (part.images.display().to_string(), layout.memory_bytes());
                    let too_large = too_large(&name, bytes, left);
                    self.notes.push(format!("{too_large}, and are read into memory all the same: {why}"));
                }
                let images = folder.read_images(part, &limits)?;
                array::read(path, images, labels, self.options, &wanted, &mut self.notes)?
            }
        };
        let labels = found.labels.map(|labels| match classes {
            Some(classes) => labels.renamed(|name| classes.get(&name.parse().ok()?).cloned()),
            None => labels,
        });
        Ok(Found { labels, ..found })
    }
}
