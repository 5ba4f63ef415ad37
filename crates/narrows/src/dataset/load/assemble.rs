//! From what paths hold to parts of one schema.

use super::error::LoadError;
use super::found::{Found, FoundParts, FoundValues, Kind, grouped, sorted};
use super::ids::Ids;
use super::{LoadOptions, Loaded, MissingRule, UnsplitPart};
use crate::dataset::{Dataset, Missing, Moments, Part, Parts, Schema, SchemaError, Shares, Split, Values};
use crate::files::{MAX_SPLIT_BYTES, read_text};

/// The parts of data for training, or for a model that was trained on rows of `of_model`.
pub(super) fn parts(
    mut found: FoundParts,
    options: &LoadOptions,
    of_model: Option<&Schema>,
    mut notes: Vec<String>,
) -> Result<Loaded, LoadError> {
    let path = found.train.path.clone();
    let has_test = found.test.is_some();
    for (option, given) in [("test-share", options.test_share.is_some()), ("split", options.split.is_some())]
    {
        if has_test && given {
            let found = "data with a test set";
            return Err(LoadError::Useless { option, meant_for: "data without a test set", path, found });
        }
    }
    let schema = schema(&found, options, of_model)?;
    let ids = Ids::take(&mut found);
    let datasets = datasets(found, &schema, options)?;
    let (parts, split) = match datasets {
        Datasets { train, validation, test: Some(test) } => {
            let parts = ids.name(Parts::new(train, validation, test)?);
            (with_validation(parts, options)?, None)
        }
        Datasets { train, validation, test: None } => {
            let split = split(&train, options, &path)?;
            let drawn =
                split.apply(&train).map_err(|source| LoadError::Split { path: path.clone(), source })?;
            notes.push(told(&drawn, options));
            let parts = match validation {
                Some(validation) => {
                    Parts::new(drawn.train().clone(), Some(validation), drawn.test().clone())?
                }
                None => drawn,
            };
            (ids.split(&split).name(parts), Some(split))
        }
    };
    if of_model.is_none() && *parts.schema().missing() == Missing::Mask {
        refuse_empty_columns(parts.train(), &path)?;
    }
    let parts = if *parts.schema().missing() == Missing::Mask && options.missing == MissingRule::Mean {
        filled(parts, &path, &mut notes)?
    } else {
        parts
    };
    Ok(Loaded { parts, notes, split })
}

/// The parts as the files have them; for a model that was trained on rows of `of_model`, or with their missing values.
pub(super) fn unsplit(
    mut found: FoundParts,
    options: &LoadOptions,
    of_model: Option<&Schema>,
) -> Result<Vec<UnsplitPart>, LoadError> {
    let schema = schema(&found, &LoadOptions { missing: MissingRule::Mask, ..options.clone() }, of_model)?;
    let ids = Ids::take(&mut found);
    let Datasets { train, validation, test } = datasets(found, &schema, options)?;
    let named =
        |part: Part, dataset: Option<Dataset>, ids| Some(UnsplitPart { part, dataset: dataset?, ids });
    let parts = [
        named(Part::Train, Some(train), ids.train),
        named(Part::Validation, validation, ids.validation),
        named(Part::Test, test, ids.test),
    ];
    Ok(parts.into_iter().flatten().collect())
}

/// Takes a share of the training set to validate on, if one is asked for.
pub(super) fn with_validation(parts: Parts, options: &LoadOptions) -> Result<Parts, LoadError> {
    let Some(share) = options.validation_share.filter(|share| *share != 0.0) else { return Ok(parts) };
    let path = options.path.clone();
    if parts.validation().is_some() {
        let found = "data with a validation set";
        let meant_for = "data without a validation set";
        return Err(LoadError::Useless { option: "validation-share", meant_for, path, found });
    }
    // Drawn as a test share is: the test set is there already.
    let train = parts.train();
    let wrong = |source| LoadError::Split { path: path.clone(), source };
    let split =
        Split::draw(train, Shares { validation: 0.0, test: share }, options.split_seed).map_err(wrong)?;
    let drawn = split.apply(train).map_err(wrong)?;
    let name = |part: Part| format!("{} ({part})", options.name());
    let kept = drawn.train().clone().named(name(Part::Train));
    let held = drawn.test().clone().named(name(Part::Validation));
    let ids = Ids::held_out(&parts, &split);
    Ok(ids.name(Parts::new(kept, Some(held), parts.test().clone())?))
}

struct Datasets {
    train: Dataset,
    validation: Option<Dataset>,
    test: Option<Dataset>,
}

/// The schema of all parts: columns and shape of the training set, classes of all.
fn schema(found: &FoundParts, options: &LoadOptions, of_model: Option<&Schema>) -> Result<Schema, LoadError> {
    let train = &found.train;
    let wrong = |source: SchemaError| LoadError::Schema { path: train.path.clone(), source };
    let schema = match &train.kind {
        Kind::Images { shape, range } => {
            // Values within the range of the model's mean what they mean to it.
            let of_model = of_model.and_then(Schema::range);
            let range =
                of_model.filter(|wide| wide.low <= range.low && wide.high >= range.high).unwrap_or(*range);
            Schema::images(*shape).and_then(|schema| schema.with_range(range))
        }
        Kind::Table(columns) => Schema::table(columns.clone()),
        Kind::Rows(features) => Schema::rows(*features),
    };
    let parts = [Some(train), found.validation.as_ref(), found.test.as_ref()];
    let labels = parts.into_iter().flatten().filter_map(|part| part.labels.as_ref());
    let classes: Vec<String> = labels.flat_map(|labels| labels.names.iter().cloned()).collect();
    let schema = match classes.is_empty() {
        true => schema,
        false => schema.and_then(|schema| schema.with_classes(sorted(classes))),
    };
    let missing = match (of_model, options.missing) {
        // No pixel is missing.
        _ if matches!(train.kind, Kind::Images { .. }) => Missing::Error,
        (Some(model), _) if model.features() == train.features() => model.missing().clone(),
        (_, MissingRule::Error) => Missing::Error,
        // Means are known once it is known which rows are trained on.
        (_, MissingRule::Mean | MissingRule::Mask) => Missing::Mask,
    };
    schema.and_then(|schema| schema.with_missing(missing)).map_err(wrong)
}

fn datasets(found: FoundParts, schema: &Schema, options: &LoadOptions) -> Result<Datasets, LoadError> {
    let FoundParts { train, validation, test } = found;
    let several = validation.is_some() || test.is_some();
    let dataset = |found: Found, part: Part| {
        let name = if several { format!("{} ({part})", options.name()) } else { options.name() };
        dataset(found, schema, name)
    };
    Ok(Datasets {
        train: dataset(train, Part::Train)?,
        validation: validation.map(|found| dataset(found, Part::Validation)).transpose()?,
        test: test.map(|found| dataset(found, Part::Test)).transpose()?,
    })
}

fn dataset(found: Found, schema: &Schema, name: String) -> Result<Dataset, LoadError> {
    let Found { path, values, labels, .. } = found;
    let wrong = |source| LoadError::Data { path: path.clone(), source };
    let labels = labels.map(|labels| labels.among(schema.classes().unwrap_or_default()));
    let values = match values {
        FoundValues::Memory(values) => values,
        FoundValues::File(array, ahead) => {
            return Dataset::open_file(name, schema.clone(), array, labels, ahead).map_err(wrong);
        }
    };
    if let (Missing::Error, Values::Numbers(numbers)) = (schema.missing(), &values)
        && let Some(first) = numbers.iter().position(|number| number.is_nan())
    {
        let (row, column) = (first / schema.features(), schema.column(first % schema.features()));
        let count = numbers.iter().filter(|number| number.is_nan()).count();
        let place = format!("row {row} (from 0), column `{column}`");
        return Err(LoadError::Missing { path, count, place });
    }
    Dataset::new(name, schema.clone(), values, labels).map_err(wrong)
}

/// The split that is written, or one that is drawn.
fn split(dataset: &Dataset, options: &LoadOptions, path: &str) -> Result<Split, LoadError> {
    let wrong = |source| LoadError::Split { path: path.to_owned(), source };
    if let Some(file) = &options.split {
        let text = read_text(file.as_ref(), MAX_SPLIT_BYTES)
            .map_err(|source| LoadError::SplitFile { path: file.clone(), source })?;
        return Split::from_json(&text).map_err(|source| LoadError::Split { path: file.clone(), source });
    }
    let test = options.test_share.unwrap_or(Shares::default().test);
    let validation = options.validation_share.unwrap_or(Shares::default().validation);
    Split::draw(dataset, Shares { validation, test }, options.split_seed).map_err(wrong)
}

fn told(parts: &Parts, options: &LoadOptions) -> String {
    let rows = |part: &Dataset| grouped(part.rows());
    let validation = parts.validation().map_or(String::new(), |part| format!("{} to validate, ", rows(part)));
    let how = match &options.split {
        Some(file) => format!("as {file} says"),
        None => {
            let by_class = if parts.train().labels().is_some() { ", each class by its share" } else { "" };
            format!("drawn by seed {}{by_class}", options.split_seed)
        }
    };
    let name = options.name();
    format!(
        "{name}: {} rows to train, {validation}{} to test, {how}",
        rows(parts.train()),
        rows(parts.test())
    )
}

/// From a column without any value nothing is learned, and what is filled in there means nothing.
fn refuse_empty_columns(train: &Dataset, path: &str) -> Result<(), LoadError> {
    let in_data = |source| LoadError::Data { path: path.to_owned(), source };
    if train.first_missing().map_err(in_data)?.is_none() {
        return Ok(());
    }
    let counts = train.moments().map_err(in_data)?.into_iter().map(|column| column.count).enumerate();
    let columns: Vec<String> =
        counts.filter(|&(_, count)| count == 0).map(|(index, _)| train.schema().column(index)).collect();
    match columns.is_empty() {
        true => Ok(()),
        false => Err(LoadError::NoValues { path: path.to_owned(), columns }),
    }
}

/// The parts with missing values filled by the means of the training set.
fn filled(parts: Parts, path: &str, notes: &mut Vec<String>) -> Result<Parts, LoadError> {
    let in_data = |source| LoadError::Data { path: path.to_owned(), source };
    let moments = parts.train().moments().map_err(in_data)?;
    let mut whole = true;
    for part in [Some(parts.train()), parts.validation(), Some(parts.test())].into_iter().flatten() {
        whole &= part.first_missing().map_err(in_data)?.is_none();
    }
    if whole {
        notes.push(format!("{path}: no values are missing"));
    }
    let wrong = |source: SchemaError| LoadError::Schema { path: path.to_owned(), source };
    let schema = parts.schema();
    if let Some(index) = moments.iter().position(|column| column.count == 0) {
        return Err(wrong(SchemaError::NoMean(schema.column(index))));
    }
    let means = moments.iter().map(|column: &Moments| column.mean as f32).collect();
    let schema = schema.clone().with_missing(Missing::Fill(means)).map_err(wrong)?;
    let fill = |part: &Dataset| part.with_missing(&schema).map_err(in_data);
    let validation = parts.validation().map(fill).transpose()?;
    Ok(Ids::of(&parts).name(Parts::new(fill(parts.train())?, validation, fill(parts.test())?)?))
}
