//! Which files of a folder are images, and of what class.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::super::error::{Fault, FormatError, Problem};
use super::super::recognise::is_image;
use super::ImagesProblem;

/// The images of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The folder.
    pub folder: PathBuf,
    /// Its images, by role, class and name.
    pub files: Vec<ImageFile>,
    /// The names of the classes, sorted; none without folders of classes.
    pub classes: Vec<String>,
    /// How many files are no images; hidden files are not counted.
    pub ignored: usize,
}

/// An image that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// Its path within the folder.
    pub path: PathBuf,
    /// Its class, counted from 0.
    pub class: Option<u32>,
    /// What it is for, if the folder says so.
    pub role: Option<Role>,
}

/// What images are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// To train on: folder `train` or `training`.
    Training,
    /// To choose models by: folder `validation`, `valid` or `val`.
    Validation,
    /// To test with: folder `test` or `testing`.
    Test,
}

impl Role {
    fn of_folder(name: &str) -> Option<Self> {
        Some(match name {
            "train" | "training" => Self::Training,
            "validation" | "valid" | "val" => Self::Validation,
            "test" | "testing" => Self::Test,
            _ => return None,
        })
    }

    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Training => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Finds the images of a folder. Hidden files and `__MACOSX` do not count. Links are followed; a folder that is
/// reached twice is read once.
///
/// # Errors
/// If a folder may not be read, there are no images, or some lie beside folders of classes.
pub fn list(folder: &Path) -> Result<Listing, FormatError> {
    let wrong = |problem: ImagesProblem| Fault::from(problem).in_file(folder);
    let mut walk = Walk { root: folder.to_owned(), visited: HashSet::new(), ignored: 0 };
    let top = walk.folder(Path::new(""))?.unwrap_or_default();
    let mut branches = Vec::new();
    for name in &top.folders {
        branches.push((name.clone(), walk.branch(Path::new(name))?));
    }
    branches.retain(|(_, branch)| !branch.is_empty());
    if let (Some(image), Some((folder, _))) = (top.images.first(), branches.first()) {
        return Err(wrong(ImagesProblem::Beside { image: image.clone(), folder: folder.into() }));
    }
    let is_role = |(name, _): &(String, Branch)| Role::of_folder(name).is_some();
    let by_role = !branches.is_empty() && branches.iter().all(is_role);
    let mut found: Vec<(Option<Role>, Option<String>, PathBuf)> = Vec::new();
    found.extend(top.images.into_iter().map(|path| (None, None, path)));
    for (name, branch) in branches {
        if !by_role {
            found.extend(branch.all().map(|path| (None, Some(name.clone()), path)));
            continue;
        }
        let role = Role::of_folder(&name);
        if let (Some(image), Some((folder, _))) = (branch.images.first(), branch.classes.first()) {
            let folder = Path::new(&name).join(folder);
            return Err(wrong(ImagesProblem::Beside { image: image.clone(), folder }));
        }
        found.extend(branch.images.into_iter().map(|path| (role, None, path)));
        for (class, images) in branch.classes {
            found.extend(images.into_iter().map(|path| (role, Some(class.clone()), path)));
        }
    }
    if found.is_empty() {
        return Err(wrong(ImagesProblem::NoImages { ignored: walk.ignored }));
    }
    found.sort();
    let mut classes: Vec<String> = found.iter().filter_map(|(_, class, _)| class.clone()).collect();
    classes.sort();
    classes.dedup();
    let number = |class: String| {
        let index = classes.binary_search(&class).expect("it was collected");
        u32::try_from(index).expect("fewer classes than files of a folder")
    };
    let files = found
        .into_iter()
        .map(|(role, class, path)| ImageFile { path, class: class.map(number), role })
        .collect();
    Ok(Listing { folder: folder.to_owned(), files, classes, ignored: walk.ignored })
}

/// The images of a folder, and of each folder in it with all that lies below.
struct Branch {
    images: Vec<PathBuf>,
    classes: Vec<(String, Vec<PathBuf>)>,
}

impl Branch {
    fn is_empty(&self) -> bool {
        self.images.is_empty() && self.classes.is_empty()
    }

    fn all(self) -> impl Iterator<Item = PathBuf> {
        self.images.into_iter().chain(self.classes.into_iter().flat_map(|(_, images)| images))
    }
}

/// One folder: paths within the root, names of folders, both sorted.
#[derive(Default)]
struct Entries {
    images: Vec<PathBuf>,
    folders: Vec<String>,
}

struct Walk {
    root: PathBuf,
    /// Where the folders that were read really are: links that lead in a circle end here.
    visited: HashSet<PathBuf>,
    ignored: usize,
}

impl Walk {
    fn branch(&mut self, path: &Path) -> Result<Branch, FormatError> {
        let entries = self.folder(path)?.unwrap_or_default();
        let mut branch = Branch { images: entries.images, classes: Vec::new() };
        for name in entries.folders {
            let mut images = Vec::new();
            self.all_below(&path.join(&name), &mut images)?;
            if !images.is_empty() {
                branch.classes.push((name, images));
            }
        }
        Ok(branch)
    }

    fn all_below(&mut self, path: &Path, images: &mut Vec<PathBuf>) -> Result<(), FormatError> {
        let entries = self.folder(path)?.unwrap_or_default();
        images.extend(entries.images);
        entries.folders.iter().try_for_each(|name| self.all_below(&path.join(name), images))
    }

    /// What lies in a folder, unless it was read before.
    fn folder(&mut self, path: &Path) -> Result<Option<Entries>, FormatError> {
        let full = self.root.join(path);
        self.entries(path, &full).map_err(|error| Fault::from(Problem::from(error)).in_file(&full))
    }

    fn entries(&mut self, path: &Path, full: &Path) -> io::Result<Option<Entries>> {
        if !self.visited.insert(fs::canonicalize(full)?) {
            return Ok(None);
        }
        let mut entries = Entries::default();
        for entry in fs::read_dir(full)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "__MACOSX" {
                continue;
            }
            // Through links; a link to nothing is no image.
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_dir() => entries.folders.push(name),
                Ok(metadata)
                    if has_image_ending(&name) || (metadata.is_file() && is_image_file(&entry.path())) =>
                {
                    entries.images.push(path.join(entry.file_name()));
                }
                _ => self.ignored += 1,
            }
        }
        entries.images.sort();
        entries.folders.sort();
        Ok(Some(entries))
    }
}

/// A file that is called an image and is none is not passed over in silence: decoding will name it.
fn has_image_ending(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg" | "bmp" | "webp" | "gif" | "tif" | "tiff"))
}

fn is_image_file(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.is_ok() && is_image(&head)
}
