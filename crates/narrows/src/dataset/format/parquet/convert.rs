//! From Arrow's arrays to cells.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_schema::{DataType, TimeUnit};

use super::super::date::text_of;
use super::super::table::{Cells, Column, Missing, Text};
use super::ParquetProblem;

/// Beyond it, an `f32` skips integers.
const LAST_EXACT_INTEGER: f64 = 16_777_216.0;

const SECONDS_A_DAY: i64 = 86_400;

/// A row and what is wrong with it.
type Wrong = (u64, ParquetProblem);

/// A column without rows, if its type can be converted; `text` says that it is text whatever it holds.
pub(super) fn column(name: &str, kind: &DataType, text: bool) -> Result<Column, ParquetProblem> {
    use DataType as T;
    let cells = match kind {
        T::Null
        | T::Boolean
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::UInt8
        | T::UInt16
        | T::UInt32
        | T::UInt64
        | T::Float16
        | T::Float32
        | T::Float64
        | T::Decimal128(_, _) => {
            if text {
                Cells::Text(Text::default())
            } else {
                Cells::no_numbers()
            }
        }
        T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Date32 | T::Date64 | T::Timestamp(_, _) => {
            Cells::Text(Text::default())
        }
        T::Dictionary(key, value)
            if key.is_dictionary_key_type() && matches!(**value, T::Utf8 | T::LargeUtf8 | T::Utf8View) =>
        {
            Cells::Text(Text::default())
        }
        other => return Err(ParquetProblem::Type(other.to_string())),
    };
    Ok(Column { name: name.to_owned(), cells, missing: Missing::default() })
}

/// Adds the cells of `array`; `first` is the row of the first.
pub(super) fn append(column: &mut Column, array: &dyn Array, first: u64) -> Result<(), Wrong> {
    match &mut column.cells {
        Cells::Numbers { values, rounded } => {
            let mut numbers = Numbers { values, rounded, missing: &mut column.missing, row: first };
            numbers.append(array)
        }
        Cells::Text(text) => {
            append_text(text, &mut column.missing, array, first);
            Ok(())
        }
    }
}

struct Numbers<'a> {
    values: &'a mut Vec<f32>,
    rounded: &'a mut usize,
    missing: &'a mut Missing,
    row: u64,
}

impl Numbers<'_> {
    #[rustfmt::skip] // A table.
    #[allow(clippy::cast_precision_loss, reason = "integers beyond 2⁵³ are rounded and counted")]
    fn append(&mut self, array: &dyn Array) -> Result<(), Wrong> {
        match array.data_type() {
            DataType::Null => (0..array.len()).try_for_each(|_| self.push(None)),
            DataType::Boolean => array.as_boolean().iter().try_for_each(|cell| self.push(cell.map(f64::from))),
            DataType::Int8 => self.all::<Int8Type>(array, f64::from),
            DataType::Int16 => self.all::<Int16Type>(array, f64::from),
            DataType::Int32 => self.all::<Int32Type>(array, f64::from),
            DataType::Int64 => self.all::<Int64Type>(array, |cell| cell as f64),
            DataType::UInt8 => self.all::<UInt8Type>(array, f64::from),
            DataType::UInt16 => self.all::<UInt16Type>(array, f64::from),
            DataType::UInt32 => self.all::<UInt32Type>(array, f64::from),
            DataType::UInt64 => self.all::<UInt64Type>(array, |cell| cell as f64),
            DataType::Float16 => self.all::<Float16Type>(array, f64::from),
            DataType::Float32 => self.all::<Float32Type>(array, f64::from),
            DataType::Float64 => self.all::<Float64Type>(array, |cell| cell),
            DataType::Decimal128(_, scale) => {
                let unit = 10_f64.powi(i32::from(*scale));
                self.all::<Decimal128Type>(array, |cell| cell as f64 / unit)
            }
            other => unreachable!("{other} was refused with the schema"),
        }
    }

    fn all<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        number: impl Fn(T::Native) -> f64,
    ) -> Result<(), Wrong> {
        array.as_primitive::<T>().iter().try_for_each(|cell| self.push(cell.map(&number)))
    }

    #[allow(clippy::cast_possible_truncation, reason = "the nearest f32 is what is documented")]
    fn push(&mut self, cell: Option<f64>) -> Result<(), Wrong> {
        let number = cell.unwrap_or(f64::NAN);
        let single = number as f32;
        if number.is_nan() {
            self.missing.add(self.row);
        } else if single.is_infinite() && number.is_finite() {
            return Err((self.row, ParquetProblem::BeyondSingle(number)));
        } else if number.abs() > LAST_EXACT_INTEGER && number.fract() == 0.0 && f64::from(single) != number {
            *self.rounded += 1;
        }
        self.values.push(single);
        self.row += 1;
        Ok(())
    }
}

fn append_text(text: &mut Text, missing: &mut Missing, array: &dyn Array, first: u64) {
    let mut row = first;
    let mut push = |cell: Option<&str>| {
        match cell {
            Some(cell) => text.push(cell, row, false),
            None => {
                missing.add(row);
                text.push_missing();
            }
        }
        row += 1;
    };
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(push),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(push),
        DataType::Utf8View => array.as_string_view().iter().for_each(push),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let mut values = Text::default();
            append_text(&mut values, &mut Missing::default(), dictionary.values().as_ref(), 0);
            // Where all cells are null, there may be no values at all.
            let keys =
                if values.codes().is_empty() { vec![0; array.len()] } else { dictionary.normalized_keys() };
            for (index, key) in keys.into_iter().enumerate() {
                push(if dictionary.is_valid(index) && key < values.codes().len() {
                    values.get(key)
                } else {
                    None
                });
            }
        }
        _ => numbers_as_text(array)
            .unwrap_or_else(|| times(array))
            .iter()
            .for_each(|cell| push(cell.as_deref())),
    }
}

/// Numbers and truth values as they are written; nothing of another type.
#[rustfmt::skip] // A table.
fn numbers_as_text(array: &dyn Array) -> Option<Vec<Option<String>>> {
    fn all<T: ArrowPrimitiveType<Native: ToString>>(array: &dyn Array) -> Vec<Option<String>> {
        let text = |cell: T::Native| Some(cell.to_string()).filter(|text| text != "NaN");
        array.as_primitive::<T>().iter().map(|cell| cell.and_then(text)).collect()
    }
    Some(match array.data_type() {
        DataType::Null => vec![None; array.len()],
        DataType::Boolean => array.as_boolean().iter().map(|cell| cell.map(|cell| cell.to_string())).collect(),
        DataType::Int8 => all::<Int8Type>(array),
        DataType::Int16 => all::<Int16Type>(array),
        DataType::Int32 => all::<Int32Type>(array),
        DataType::Int64 => all::<Int64Type>(array),
        DataType::UInt8 => all::<UInt8Type>(array),
        DataType::UInt16 => all::<UInt16Type>(array),
        DataType::UInt32 => all::<UInt32Type>(array),
        DataType::UInt64 => all::<UInt64Type>(array),
        DataType::Float16 => all::<Float16Type>(array),
        DataType::Float32 => all::<Float32Type>(array),
        DataType::Float64 => all::<Float64Type>(array),
        DataType::Decimal128(_, _) => {
            let numbers = array.as_primitive::<Decimal128Type>();
            (0..numbers.len()).map(|row| numbers.is_valid(row).then(|| numbers.value_as_string(row))).collect()
        }
        _ => return None,
    })
}

/// Dates and times as text.
fn times(array: &dyn Array) -> Vec<Option<String>> {
    fn all<T: ArrowPrimitiveType<Native: Into<i64>>>(
        array: &dyn Array,
        units_a_second: i64,
    ) -> Vec<Option<String>> {
        let text = |cell: i64| {
            let nanoseconds = cell.rem_euclid(units_a_second) * (1_000_000_000 / units_a_second);
            text_of(cell.div_euclid(units_a_second), u32::try_from(nanoseconds).expect("less than a second"))
        };
        array.as_primitive::<T>().iter().map(|cell| cell.map(|cell| text(cell.into()))).collect()
    }
    match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().iter();
            days.map(|cell| cell.map(|days| text_of(i64::from(days) * SECONDS_A_DAY, 0))).collect()
        }
        DataType::Date64 => all::<Date64Type>(array, 1000),
        DataType::Timestamp(TimeUnit::Second, _) => all::<TimestampSecondType>(array, 1),
        DataType::Timestamp(TimeUnit::Millisecond, _) => all::<TimestampMillisecondType>(array, 1000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => all::<TimestampMicrosecondType>(array, 1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => all::<TimestampNanosecondType>(array, 1_000_000_000),
        other => unreachable!("{other} was refused with the schema"),
    }
}
