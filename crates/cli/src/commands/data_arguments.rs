//! The flags that say which data, and how it is read: the same for every command, and the keys of an experiment's `[data]` table.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;

use bytesize::ByteSize;
use clap::Args;
use etcetera::BaseStrategy;
use indicatif::ProgressBar;
use narrows::dataset::load::{
    ImageSize, LoadError, LoadOptions, Loaded, MNIST, MissingRule, UnseenRule, load, load_for,
};
use narrows::dataset::{Identity, Parts, RowName, Which};
use narrows::experiment::VALIDATION_SHARE;

use crate::arguments::{Common, named};
use crate::commands::model_file::LoadedModel;
use crate::failure::{Failure, complain};
use crate::memory;

/// Which data.
#[derive(Clone, Debug, Args)]
pub struct DataArguments {
    /// A file or folder of data, - for the standard input, or mnist, which is built in
    ///
    /// IDX, NPY, NPZ, CSV, TSV, Parquet, or a folder of images: told by content. For a model [default: what it was trained on]; for
    /// training [default: mnist].
    #[arg(id = "data", long, value_name = "PATH", help_heading = "Data")]
    path: Option<String>,

    #[command(flatten)]
    reading: Reading,
}

/// How data is read.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Data")]
pub struct Reading {
    /// Another file or folder, to test on
    #[arg(long, value_name = "PATH")]
    test: Option<String>,

    /// Another file or folder, to validate on
    #[arg(long, value_name = "PATH")]
    validation: Option<String>,

    /// The column of a table that names each row's class
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,

    /// A column of a table that names each row: no input of a model, but what rows are called, and may be asked for by: @S0017
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,

    /// Columns to leave out
    #[arg(long, value_name = "COLUMN", num_args = 1.., value_delimiter = ',')]
    drop: Vec<String>,

    /// The only columns to keep
    #[arg(long, value_name = "COLUMN", num_args = 1.., value_delimiter = ',')]
    columns: Vec<String>,

    /// Columns of categories, each of which becomes a column of 0 and 1
    #[arg(long, value_name = "COLUMN", num_args = 1.., value_delimiter = ',')]
    one_hot: Vec<String>,

    /// What becomes of a category that was not there in training: error, or zeros in all columns of its column
    #[arg(long, value_name = "RULE", value_parser = named::<UnseenRule>())]
    unseen: Option<UnseenRule>,

    /// Columns of dates, which become seconds since 1970 in UTC
    #[arg(long, value_name = "COLUMN", num_args = 1.., value_delimiter = ',')]
    dates: Vec<String>,

    /// What a column is called in the data, and what it is to be called: S07=s07
    #[arg(long, value_name = "A=B", num_args = 1.., value_parser = renamed)]
    rename: Vec<(String, String)>,

    /// Cells without a value: error, mean (of the column in the training set), or mask (neither input nor target)
    #[arg(long, value_name = "RULE", value_parser = named::<MissingRule>())]
    missing: Option<MissingRule>,

    /// Height and width of every image: 28x28. Images are resized to it, rows of a table are read as images of that size
    #[arg(long, value_name = "HxW")]
    size: Option<ImageSize>,

    /// Make images in colour grey
    #[arg(long)]
    grey: bool,

    /// Leave out images that cannot be read
    #[arg(long)]
    skip_unreadable: bool,

    /// The share of the rows to test on, where no file says which [default: 0.1]
    #[arg(long, value_name = "X")]
    test_share: Option<f64>,

    /// The share of the rows to validate on [default: 0]
    #[arg(long, value_name = "X")]
    validation_share: Option<f64>,

    /// A file with the rows to test and validate on: split.json of a run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["test_share", "validation_share"])]
    split: Option<String>,

    /// The seed by which shares are drawn [default: 0]
    #[arg(long, value_name = "N")]
    split_seed: Option<u64>,

    /// What the data may take of memory: 200MB. What is larger is read block by block, from its file or from a copy in the cache
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    memory: Option<ByteSize>,
}

/// Data for models that are trained already.
#[derive(Debug)]
pub struct DataForModels {
    /// The data.
    pub parts: Parts,
    /// What to call it.
    pub name: String,
}

impl DataArguments {
    /// The path that was named.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Where to read data for training, and how.
    pub fn options(&self) -> LoadOptions {
        self.reading.over(LoadOptions::of(self.path.as_deref().unwrap_or(MNIST)))
    }

    /// Where to read data for a model whose own data was read by `own`, and how: other data is read in the same way.
    pub fn options_like(&self, own: LoadOptions) -> LoadOptions {
        let base = match &self.path {
            Some(path) if *path == own.path => own,
            Some(path) if path == MNIST => LoadOptions::of(path),
            Some(path) => as_read(own, path),
            None => own,
        };
        self.reading.over(base)
    }

    /// Where to read data for models, and how.
    pub fn options_for(&self, models: &[LoadedModel]) -> Result<LoadOptions, Failure> {
        let own = one_source(models, self.path.is_some())?;
        Ok(within_memory(self.options_like(own)))
    }

    /// What went wrong with data that is read for a model: data of another kind is no mistake in a flag that nobody gave.
    pub fn failed(&self, model: &LoadedModel, error: LoadError) -> Failure {
        match error {
            LoadError::Useless { option, path, found, .. } if !self.reading.gives(option) => {
                Failure::user(of_another_kind(model, &path, found))
            }
            error => error.into(),
        }
    }

    /// Reads data for models: their own, or other data in the way in which theirs was read. Other data is told.
    pub fn load_for(&self, models: &[LoadedModel], common: &Common) -> Result<DataForModels, Failure> {
        let first = models.first().ok_or_else(|| Failure::user("no model is given"))?;
        let options = self.options_for(models)?;
        let schema = first.model.input.schema();
        let loaded = reading(common, |progress| load_for(schema, &options, common.threads(), progress));
        let Loaded { parts, notes, .. } = loaded.map_err(|error| self.failed(first, error))?;
        let name = options.name();
        for LoadedModel { name: model, model: autoencoder, provenance, .. } in models {
            let identity = Identity::of(autoencoder.input.schema(), provenance.data_hash.as_deref(), &parts);
            if identity == Some(Identity::Other) && !common.quiet {
                complain(&format!(
                    "{name} is not the data that {model} was trained on ({}), but of the same shape",
                    provenance.data
                ));
            }
        }
        if !common.quiet && self.path.is_some() {
            notes.iter().for_each(|note| complain(note));
        }
        Ok(DataForModels { parts, name })
    }
}

impl Reading {
    /// What the flags say, over what is said already.
    pub fn over(&self, base: LoadOptions) -> LoadOptions {
        let list =
            |given: &Vec<String>, base: Vec<String>| if given.is_empty() { base } else { given.clone() };
        let mut rename = base.rename;
        rename.extend(self.rename.iter().cloned());
        LoadOptions {
            path: base.path,
            test: self.test.clone().or(base.test),
            validation: self.validation.clone().or(base.validation),
            label: self.label.clone().or(base.label),
            id: self.id.clone().or(base.id),
            drop: list(&self.drop, base.drop),
            columns: list(&self.columns, base.columns),
            one_hot: list(&self.one_hot, base.one_hot),
            unseen: self.unseen.unwrap_or(base.unseen),
            dates: list(&self.dates, base.dates),
            rename,
            missing: self.missing.unwrap_or(base.missing),
            size: self.size.or(base.size),
            grey: self.grey || base.grey,
            skip_unreadable: self.skip_unreadable || base.skip_unreadable,
            test_share: self.test_share.or(base.test_share),
            validation_share: self.validation_share.or(base.validation_share),
            split: self.split.clone().or(base.split),
            split_seed: self.split_seed.unwrap_or(base.split_seed),
            memory: self.memory.or(base.memory),
            cache: base.cache,
        }
    }

    /// Whether a flag was given: what a model's own data was read by is no flag.
    fn gives(&self, flag: &str) -> bool {
        match flag {
            "label" => self.label.is_some(),
            "id" => self.id.is_some(),
            "drop" => !self.drop.is_empty(),
            "columns" => !self.columns.is_empty(),
            "one-hot" => !self.one_hot.is_empty(),
            "unseen" => self.unseen.is_some(),
            "dates" => !self.dates.is_empty(),
            "missing" => self.missing.is_some(),
            "size" => self.size.is_some(),
            _ => true,
        }
    }
}

/// What a row was asked for by, and what the data calls it where that is another name.
pub fn with_id(name: &RowName, id: Option<&str>) -> String {
    match id.filter(|_| !matches!(name.which, Which::Called(_))) {
        Some(id) => format!("{name}, {id}"),
        None => name.to_string(),
    }
}

/// Reads data for training. What data may take of memory is said in the options where it decides on the order of the rows.
pub fn read(options: &mut LoadOptions, common: &Common) -> Result<Loaded, Failure> {
    Ok(read_training(options, common)?)
}

/// The same, and masks missing values where nothing is said of them.
pub fn read_masked(options: &mut LoadOptions, common: &Common) -> Result<Loaded, Failure> {
    match read_training(options, common) {
        Err(LoadError::Missing { path, count, .. }) => {
            if !common.quiet {
                complain(&format!(
                    "{path}: {count} values are missing, and masked: neither input nor target"
                ));
            }
            options.missing = MissingRule::Mask;
            read(options, common)
        }
        loaded => Ok(loaded?),
    }
}

/// The same for a sweep, which needs a validation set: where there is none, a share of the rows is drawn.
pub fn read_with_validation(options: &mut LoadOptions, common: &Common) -> Result<Loaded, Failure> {
    let says = options.validation.is_some() || options.split.is_some() || options.validation_share.is_some();
    if says {
        return read(options, common);
    }
    let mut drawn = LoadOptions { validation_share: Some(VALIDATION_SHARE), ..options.clone() };
    match read_training(&mut drawn, common) {
        // It has a validation set of its own.
        Err(LoadError::Useless { option: "validation-share", .. }) => read(options, common),
        loaded => {
            *options = drawn;
            Ok(loaded?)
        }
    }
}

fn read_training(options: &mut LoadOptions, common: &Common) -> Result<Loaded, LoadError> {
    let bounded = within_memory(options.clone());
    let loaded = reading(common, |progress| load(&bounded, common.threads(), progress))?;
    if !loaded.parts.train().is_in_memory() {
        options.memory = bounded.memory;
    }
    Ok(loaded)
}

/// Data may take half of what the machine has free, if nothing else is said.
pub fn within_memory(options: LoadOptions) -> LoadOptions {
    let half = || Some(ByteSize(memory::free()? / 2));
    LoadOptions { memory: options.memory.or_else(half), cache: cache_folder(), ..options }
}

/// Where data is kept that is too large for memory: a folder of the user's caches.
pub fn cache_folder() -> Option<PathBuf> {
    // Without a home folder there is none, and such data is read into memory.
    etcetera::choose_base_strategy().ok().map(|strategy| strategy.cache_dir().join("narrows"))
}

/// Reads with a bar on a terminal.
pub fn reading<T, E>(
    common: &Common,
    read: impl FnOnce(&mut dyn FnMut(usize, usize) -> ControlFlow<()>) -> Result<T, E>,
) -> Result<T, E> {
    let shown = !common.quiet && std::io::stderr().is_terminal();
    let mut bar: Option<ProgressBar> = None;
    let result = read(&mut |done, of| {
        if shown {
            let bar = bar.get_or_insert_with(|| ProgressBar::new(of as u64).with_message("reading"));
            bar.set_position(done as u64);
        }
        ControlFlow::Continue(())
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}

/// Where the data of all models was read from. Where other data is named, the first model says how it is read.
fn one_source(models: &[LoadedModel], other_named: bool) -> Result<LoadOptions, Failure> {
    let source = |model: &LoadedModel| {
        model.provenance.source.clone().unwrap_or_else(|| LoadOptions::of(model.provenance.data.clone()))
    };
    let own = source(&models[0]);
    let differs = |model: &&LoadedModel| match (&model.provenance.data_hash, &models[0].provenance.data_hash)
    {
        (Some(one), Some(other)) => one != other,
        _ => source(model).path != own.path,
    };
    match models.iter().find(differs) {
        Some(other) if !other_named => Err(Failure::user(format!(
            "{} was trained on `{}`, {} on `{}`; say with --data on which both are to be used",
            models[0].name,
            own.path,
            other.name,
            source(other).path
        ))),
        _ if own.path.is_empty() && !other_named => Err(Failure::user(format!(
            "{} does not say what it was trained on; say with --data which data to use",
            models[0].name
        ))),
        _ => Ok(own),
    }
}

/// Other data, read in the way in which the models' own was: what names files and rows is of that data alone.
fn as_read(own: LoadOptions, path: &str) -> LoadOptions {
    LoadOptions {
        path: path.to_owned(),
        test: None,
        validation: None,
        rename: Default::default(),
        test_share: None,
        validation_share: None,
        split: None,
        split_seed: 0,
        memory: None,
        ..own
    }
}

/// That data is no such data as a model was trained on.
fn of_another_kind(model: &LoadedModel, path: &str, found: &str) -> String {
    let schema = model.model.input.schema();
    let own = match schema.image() {
        Some(image) => format!("images of {} x {} pixels", image.height, image.width),
        None => format!("a table of {} columns", schema.features()),
    };
    let (name, data) = (&model.name, &model.provenance.data);
    format!("{path} is {found}, and {name} was trained on {own} ({data}); give data of that kind")
}

fn memory_size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "expected a size, for instance 200MB or 1.5GB".to_owned())
}

fn renamed(text: &str) -> Result<(String, String), String> {
    let wrong = || "expected the name in the data, =, and the name it is to have: S07=s07".to_owned();
    let (from, to) = text.split_once('=').ok_or_else(wrong)?;
    if from.is_empty() || to.is_empty() { Err(wrong()) } else { Ok((from.to_owned(), to.to_owned())) }
}
