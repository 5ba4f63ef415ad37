//! From a path to a data set: what lies there is told by its content, read, checked, and shared out into parts.
//!
//! ```no_run
//! # use std::ops::ControlFlow;
//! # use narrows::dataset::load::{LoadOptions, load};
//! let options = LoadOptions { label: Some("kind".into()), ..LoadOptions::of("sensors.csv") };
//! let loaded = load(&options, std::num::NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()))?;
//! loaded.notes.iter().for_each(|note| println!("{note}"));
//! println!("{} rows to train on", loaded.parts.train().rows());
//! # Ok::<(), narrows::dataset::load::LoadError>(())
//! ```
//!
//! Formats are those of [`format`](crate::dataset::format). Images are folders of images, and arrays with three or four dimensions; everything else is a
//! table, unless [`LoadOptions::size`] says that its rows are images. docs/data.md has every rule.

mod array;
mod assemble;
mod blocks;
mod cache;
mod column;
mod error;
mod first;
mod found;
mod ids;
mod idx;
#[cfg(feature = "images")]
mod image;
mod memory;
mod options;
mod table;
mod tables;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

pub use blocks::{RowBlock, RowBlocks, block_rows, row_blocks};
pub use error::{LoadError, WordColumn};
pub use first::first_rows;
pub use options::{ImageSize, LoadOptions, MissingRule, UnseenRule, deserialize_short, serialize_short};
pub(crate) use options::{exact_size, is_default};

use super::format::{Format, FormatError, Limits, Problem, Source, npy};
use super::{Dataset, Part, Parts, Schema, Split};
pub(crate) use found::grouped;
use found::{Found, FoundParts, Kind};

/// The name of the data set that is built in.
pub const MNIST: &str = "mnist";

/// Is told how many of how many files are read, and may stop.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>;

/// Data that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The data.
    pub parts: Parts,
    /// What was found out, a sentence each.
    pub notes: Vec<String>,
    /// The split, where shares were drawn or a written split was given.
    pub split: Option<Split>,
}

impl From<Parts> for Loaded {
    /// Data that was made in memory.
    fn from(parts: Parts) -> Self {
        Self { parts, notes: Vec::new(), split: None }
    }
}

/// Data as it lies in its files.
#[derive(Clone, Debug)]
pub struct Unsplit {
    /// Each part that the files name, or the one that they are.
    pub parts: Vec<UnsplitPart>,
    /// What was found out, a sentence each.
    pub notes: Vec<String>,
}

/// Some rows as they lie in their file.
#[derive(Clone, Debug)]
pub struct UnsplitPart {
    /// What the file says that they are for.
    pub part: Part,
    /// The rows.
    pub dataset: Dataset,
    /// What each is called, where a column says so.
    pub ids: Option<Vec<String>>,
}

/// What the caller wants of a path.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted<'a> {
    /// Columns that must be there, in this order.
    columns: Option<&'a [String]>,
    /// Whether columns of words are left out instead of being an error.
    leaves_out_words: bool,
    /// Whether missing values may stay, whatever the options say.
    leaves_missing: bool,
}

impl Wanted<'_> {
    fn keeps_missing(&self, options: &LoadOptions) -> bool {
        self.leaves_missing || options.missing != MissingRule::Error
    }
}

/// Reads data in its parts.
///
/// # Errors
/// [`LoadError`]: a mistake in the options, or a file that cannot be read.
pub fn load(
    options: &LoadOptions,
    threads: NonZeroUsize,
    progress: Progress<'_>,
) -> Result<Loaded, LoadError> {
    Reader::new(options, threads, progress).load(None)
}

/// Reads data for a model that was trained on rows of `schema`: columns are matched by name, and missing values are what they are to
/// the model.
///
/// # Errors
/// [`LoadError`]: a mistake in the options, a file that cannot be read, or columns that are not there.
pub fn load_for(
    schema: &Schema,
    options: &LoadOptions,
    threads: NonZeroUsize,
    progress: Progress<'_>,
) -> Result<Loaded, LoadError> {
    Reader::new(options, threads, progress).load(Some(schema))
}

/// Reads data as it lies in its files: not shared out, with its missing values, without columns of words.
///
/// # Errors
/// [`LoadError`]: a mistake in the options, or a file that cannot be read.
pub fn load_unsplit(
    options: &LoadOptions,
    threads: NonZeroUsize,
    progress: Progress<'_>,
) -> Result<Unsplit, LoadError> {
    let mut reader = Reader::new(options, threads, progress);
    if reader.is_built_in()? {
        let parts = reader.built_in()?;
        let parts = [(Part::Train, parts.train()), (Part::Test, parts.test())];
        let unsplit =
            |(part, dataset): (Part, &Dataset)| UnsplitPart { part, dataset: dataset.clone(), ids: None };
        return Ok(Unsplit { parts: parts.map(unsplit).into(), notes: Vec::new() });
    }
    let wanted = Wanted { columns: None, leaves_out_words: true, leaves_missing: true };
    let found = reader.all(wanted)?;
    Ok(Unsplit { parts: assemble::unsplit(found, options, None)?, notes: reader.notes })
}

struct Reader<'a> {
    options: &'a LoadOptions,
    threads: NonZeroUsize,
    progress: Progress<'a>,
    notes: Vec<String>,
    /// Bytes that values may still take.
    memory_left: Option<u64>,
}

impl<'a> Reader<'a> {
    fn new(options: &'a LoadOptions, threads: NonZeroUsize, progress: Progress<'a>) -> Self {
        let memory_left = options.memory.map(|memory| memory.as_u64());
        Self { options, threads, progress, notes: Vec::new(), memory_left }
    }

    fn load(mut self, schema: Option<&Schema>) -> Result<Loaded, LoadError> {
        if self.is_built_in()? {
            let parts = assemble::with_validation(self.built_in()?, self.options)?;
            return Ok(Loaded { parts, notes: self.notes, split: None });
        }
        let wanted = Wanted {
            columns: schema.and_then(Schema::columns),
            leaves_out_words: false,
            leaves_missing: schema.is_some(),
        };
        let found = self.all(wanted)?;
        assemble::parts(found, self.options, schema, self.notes)
    }

    /// Whether the data is built in; other options than a share to validate on say nothing of it.
    fn is_built_in(&self) -> Result<bool, LoadError> {
        if self.options.path != MNIST || !cfg!(feature = "mnist") {
            return Ok(false);
        }
        let (mut shares, options) = (LoadOptions::of(MNIST), self.options);
        shares.validation_share = options.validation_share;
        shares.split_seed = options.split_seed;
        shares.memory = options.memory;
        shares.cache.clone_from(&options.cache);
        if *options == shares {
            return Ok(true);
        }
        let useless = |option, meant_for| LoadError::Useless {
            option,
            meant_for,
            path: MNIST.to_owned(),
            found: "built in, images with classes and a test set",
        };
        options.refuse_columns(MNIST, "built in, images with classes")?;
        Err(match options {
            _ if options.test.is_some() || options.test_share.is_some() => {
                useless("test", "data without a test set")
            }
            _ if options.split.is_some() => useless("split", "data without a test set"),
            _ if options.missing != MissingRule::Error => useless("missing", "tables"),
            _ if options.validation.is_some() => {
                useless("validation", "files; --validation-share works here")
            }
            _ => useless("size", "files"),
        })
    }

    #[cfg(feature = "mnist")]
    fn built_in(&self) -> Result<Parts, LoadError> {
        Ok(super::mnist::load())
    }

    #[cfg(not(feature = "mnist"))]
    fn built_in(&self) -> Result<Parts, LoadError> {
        unreachable!("nothing is built in without the feature `mnist`")
    }

    /// The parts of all paths that the options name.
    fn all(&mut self, wanted: Wanted<'_>) -> Result<FoundParts, LoadError> {
        let mut found = self.path(&self.options.path, wanted)?;
        let columns = match &found.train.kind {
            Kind::Table(columns) => Some(columns.clone()),
            _ => None,
        };
        let wanted = Wanted { columns: columns.as_deref(), ..wanted };
        for (path, part, option) in [
            (&self.options.test, &mut found.test, "test"),
            (&self.options.validation, &mut found.validation, "validation"),
        ] {
            let Some(path) = path else { continue };
            if part.is_some() {
                return Err(LoadError::Useless {
                    option,
                    meant_for: "data without that part",
                    path: self.options.path.clone(),
                    found: "a folder or file that has it",
                });
            }
            *part = Some(self.one_part(path, wanted)?);
        }
        Ok(found)
    }

    fn one_part(&mut self, path: &str, wanted: Wanted<'_>) -> Result<Found, LoadError> {
        match self.path(path, wanted)? {
            FoundParts { train, validation: None, test: None } => Ok(train),
            _ => Err(LoadError::SeveralParts(path.to_owned())),
        }
    }

    fn path(&mut self, path: &str, wanted: Wanted<'_>) -> Result<FoundParts, LoadError> {
        let source = Source::open(Path::new(path)).map_err(|error| self.not_there(path, error))?;
        self.source(path, source, wanted)
    }

    fn source(&mut self, path: &str, source: Source, wanted: Wanted<'_>) -> Result<FoundParts, LoadError> {
        match source.format() {
            Format::Csv => self.csv(path, source, wanted),
            Format::Parquet => self.parquet(path, source, wanted),
            Format::Npy => {
                if let Some(found) = self.left_in_file(path, source.is_gzip(), npy::layout)? {
                    return Ok(found);
                }
                let array = npy::read(source, &Limits::default())?;
                let found = array::read(path, array, None, self.options, &wanted, &mut self.notes)?;
                Ok(FoundParts::one(found))
            }
            Format::Npz => self.archive(path, source, wanted),
            Format::Idx => self.idx_file(path, source, wanted),
            Format::IdxFolder => self.idx_folder(path, Path::new(path), None, wanted),
            format => self.images(path, source, format, wanted),
        }
    }

    /// A name that is no path may be meant for the data set that is built in.
    fn not_there(&self, path: &str, error: FormatError) -> LoadError {
        let is_near = cfg!(feature = "mnist") && error::nearest(path, [&MNIST.to_owned()]).is_some();
        match matches!(*error.problem, Problem::Missing) && is_near {
            true => LoadError::NotThere(path.to_owned()),
            false => error.into(),
        }
    }

    fn archive(&mut self, path: &str, source: Source, wanted: Wanted<'_>) -> Result<FoundParts, LoadError> {
        let limits = Limits::default();
        let mut archive = npy::Archive::open(source, &limits)?;
        let choice = archive.choose()?;
        let mut read = |data: &str, labels: Option<&String>| {
            let array = archive.read(data, &limits)?;
            let labels_array = labels.map(|labels| archive.read(labels, &limits)).transpose()?;
            let classes = labels.map_or(String::new(), |labels| format!(", classes from `{labels}`"));
            self.notes
                .push(format!("{path}: {} rows from the array `{data}`{classes}", grouped(array.shape[0])));
            array::read(path, array, labels_array, self.options, &wanted, &mut self.notes)
        };
        let train = read(&choice.train, choice.train_labels.as_ref())?;
        let test = choice.test.as_ref().map(|test| read(test, choice.test_labels.as_ref())).transpose()?;
        Ok(FoundParts { train, validation: None, test })
    }

    #[cfg(feature = "images")]
    fn images(
        &mut self,
        path: &str,
        source: Source,
        format: Format,
        wanted: Wanted<'_>,
    ) -> Result<FoundParts, LoadError> {
        self.options.refuse_columns(path, "images")?;
        if format == Format::Image {
            return image::file(path, source, self.options);
        }
        let folder = image::ImageFolder::open(path, self.options, self.threads)?;
        let bytes = folder.memory_bytes();
        match (self.exceeded(bytes), &self.options.cache) {
            (Some(left), Some(cache)) => {
                let files = folder.files();
                let needed = cache::Needed { path, files: &files, bytes, left, wanted };
                self.through_cache(cache, needed, |reader, into| {
                    folder.write(into, &mut *reader.progress, &mut reader.notes)
                })
            }
            _ => folder.read(&mut *self.progress, &mut self.notes),
        }
    }

    #[cfg(not(feature = "images"))]
    fn images(&mut self, path: &str, _: Source, _: Format, _: Wanted<'_>) -> Result<FoundParts, LoadError> {
        let _ = &mut self.progress;
        Err(LoadError::Feature { path: path.into(), what: "a folder of images", feature: "images" })
    }
}

impl LoadOptions {
    /// Whether columns are named.
    fn names_columns(&self) -> bool {
        self.column_option().is_some()
    }

    fn column_option(&self) -> Option<&'static str> {
        let given = [
            ("label", self.label.is_some()),
            ("id", self.id.is_some()),
            ("drop", !self.drop.is_empty()),
            ("columns", !self.columns.is_empty()),
            ("one-hot", !self.one_hot.is_empty()),
            ("unseen", self.unseen != UnseenRule::Error),
            ("dates", !self.dates.is_empty()),
            ("rename", !self.rename.is_empty()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }

    /// The columns, as the file calls them, whose cells are names even where they look like numbers.
    fn names(&self, wanted: &Wanted<'_>) -> Vec<String> {
        let is_input = |name: &&String| wanted.columns.is_some_and(|columns| columns.contains(name));
        let names = self.label.iter().chain(&self.id).chain(&self.one_hot).filter(|name| !is_input(name));
        let in_file = |name: &String| {
            let renamed = self.rename.iter().find(|(_, new)| *new == name);
            renamed.map_or(name, |(old, _)| old).clone()
        };
        names.map(in_file).collect()
    }

    /// What names columns is a mistake where there are none.
    fn refuse_columns(&self, path: &str, found: &'static str) -> Result<(), LoadError> {
        match self.column_option() {
            Some(option) => Err(LoadError::Useless {
                option,
                meant_for: "columns of tables",
                path: path.to_owned(),
                found,
            }),
            None => Ok(()),
        }
    }
}
