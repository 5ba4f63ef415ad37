//! Archives of named arrays.

use std::path::PathBuf;

use zip::ZipArchive;
use zip::result::ZipError;

use super::super::Limits;
use super::super::array::{Array, Layout};
use super::super::error::{Fault, FormatError, Place, Problem};
use super::super::source::{Seekable, Source};
use super::header::{self, NpyProblem};

/// An opened `.npz`.
pub struct Archive {
    path: PathBuf,
    zip: ZipArchive<Seekable>,
    names: Vec<String>,
}

/// Which arrays of an archive are what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The rows to train on.
    pub train: String,
    /// Their classes.
    pub train_labels: Option<String>,
    /// The rows to test with.
    pub test: Option<String>,
    /// Their classes.
    pub test_labels: Option<String>,
}

/// Names for data, the most usual ones first; compared in lower case.
const DATA_NAMES: [&str; 8] = ["x", "data", "images", "features", "inputs", "samples", "imgs", "arr_0"];
/// The same for classes.
const LABEL_NAMES: [&str; 7] = ["y", "labels", "label", "targets", "target", "classes", "arr_1"];

impl Archive {
    /// Reads the list of arrays; none of their values.
    ///
    /// # Errors
    /// If it is no whole zip archive.
    pub fn open(source: Source, limits: &Limits) -> Result<Self, FormatError> {
        let (path, reader) = source.into_seekable(limits)?;
        let zip = ZipArchive::new(reader).map_err(|error| Fault::from(problem(error)).in_file(&path))?;
        let members = zip.file_names().filter_map(Result::ok);
        let names = members.filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect();
        Ok(Self { path, zip, names })
    }

    /// The names of the arrays, in the order of the archive.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Type and sizes of an array, without its values.
    ///
    /// # Errors
    /// If there is none of that name, or it is no array that narrows reads.
    pub fn layout(&mut self, name: &str) -> Result<Layout, FormatError> {
        self.member(name, |member, _| header::read(member))
    }

    /// Reads an array.
    ///
    /// # Errors
    /// If there is none of that name, it takes more memory than allowed, or it is damaged.
    pub fn read(&mut self, name: &str, limits: &Limits) -> Result<Array, FormatError> {
        self.member(name, |member, size| {
            let layout = header::read(member)?;
            let promised = layout.offset() + layout.bytes();
            if promised != size {
                let values = size.saturating_sub(layout.offset());
                return Err(if promised > size {
                    Problem::Truncated { expected: layout.bytes(), found: values }.into()
                } else {
                    Problem::Surplus { expected: layout.bytes() }.into()
                });
            }
            // The size is a claim of the archive's, so no memory is taken for it before the values come.
            layout.read_all(member, None, limits)
        })
    }

    /// Which array is what, by name: data is `x`, `data`, `images`, `features`, `inputs`, `samples`, `imgs` or `arr_0`, classes are `y`,
    /// `labels`, `label`, `targets`, `target`, `classes` or `arr_1`, in this order and in upper or lower case; where one name begins or ends
    /// with `train` (`x_train`, `train_images`), data and classes for training are those, and for testing those with `test`. An archive
    /// of one array needs no name.
    ///
    /// # Errors
    /// If no name says which array is the data.
    pub fn choose(&self) -> Result<Choice, FormatError> {
        let with = |part: &str, names: &[&str]| {
            names.iter().find_map(|name| {
                self.find(|found| *found == format!("{name}{part}") || *found == format!("{part}{name}"))
            })
        };
        let plain = |names: &[&str]| names.iter().find_map(|name| self.find(|found| found == *name));
        if let Some(train) = with("train", &DATA_NAMES) {
            return Ok(Choice {
                train,
                train_labels: with("train", &LABEL_NAMES),
                test: with("test", &DATA_NAMES),
                test_labels: with("test", &LABEL_NAMES),
            });
        }
        let only = if let [only] = &self.names[..] { Some(only.clone()) } else { None };
        match plain(&DATA_NAMES).or(only) {
            Some(train) => {
                let train_labels = plain(&LABEL_NAMES).filter(|labels| *labels != train);
                Ok(Choice { train, train_labels, test: None, test_labels: None })
            }
            None => {
                let found = self.names.clone();
                Err(Fault::from(NpyProblem::Unclear { found }).in_file(&self.path))
            }
        }
    }

    /// The first array whose name, in lower case and without `_` and `-`, satisfies a condition.
    fn find(&self, condition: impl Fn(&str) -> bool) -> Option<String> {
        let simple = |name: &str| {
            let kept = name.to_lowercase();
            if kept.starts_with("arr_") { kept } else { kept.replace(['_', '-'], "") }
        };
        self.names.iter().find(|name| condition(&simple(name))).cloned()
    }

    fn member<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut zip::read::ZipFile<'_, Seekable>, u64) -> Result<T, Fault>,
    ) -> Result<T, FormatError> {
        let result = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(mut member) => {
                let size = member.size();
                read(&mut member, size).map_err(|fault| fault.problem)
            }
            Err(ZipError::FileNotFound) => {
                Err(NpyProblem::NoSuchArray { wanted: name.to_owned(), found: self.names.clone() }.into())
            }
            Err(error) => Err(problem(error)),
        };
        result.map_err(|problem| problem.at(Place::Array(name.to_owned())).in_file(&self.path))
    }
}

fn problem(error: ZipError) -> Problem {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => error.into(),
        error => NpyProblem::Archive(error).into(),
    }
}
