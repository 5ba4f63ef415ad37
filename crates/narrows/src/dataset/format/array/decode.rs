//! From the bytes of elements to values.

use half::f16;

use super::{ArrayProblem, Element, Layout, Values};

/// 2²⁴: beyond it, an `f32` skips integers.
const LAST_EXACT_INTEGER: f32 = 16_777_216.0;

impl Layout {
    /// Adds the values of `bytes`, whole elements in the order of the file. Says how many integers were rounded.
    pub(super) fn decode(&self, bytes: &[u8], values: &mut Values) -> Result<usize, ArrayProblem> {
        match (values, self.element) {
            (Values::Bytes(values), Element::Bool) => {
                values.extend(bytes.iter().map(|&byte| u8::from(byte != 0)))
            }
            (Values::Bytes(values), _) => values.extend_from_slice(bytes),
            (Values::Text(values), Element::Characters(_)) => {
                for text in bytes.chunks_exact(self.element.size()) {
                    values.push(characters(text, self.big_endian)?);
                }
            }
            (Values::Text(values), _) => {
                for text in bytes.chunks_exact(self.element.size()) {
                    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                    let text = std::str::from_utf8(&text[..end]).map_err(|_| ArrayProblem::Text)?;
                    values.push(text.to_owned());
                }
            }
            (Values::Numbers(numbers), element) => return self.decode_numbers(element, bytes, numbers),
        }
        Ok(0)
    }

    #[rustfmt::skip] // A table.
    #[allow(clippy::cast_precision_loss, reason = "the nearest f32 is what is documented")]
    fn decode_numbers(&self, element: Element, bytes: &[u8], numbers: &mut Vec<f32>) -> Result<usize, ArrayProblem> {
        let big = self.big_endian;
        let first = numbers.len();
        match element {
            Element::I8 => numbers.extend(bytes.iter().map(|&byte| f32::from(byte.cast_signed()))),
            Element::U16 => extend(numbers, bytes, big, |x| f32::from(u16::from_le_bytes(x))),
            Element::I16 => extend(numbers, bytes, big, |x| f32::from(i16::from_le_bytes(x))),
            Element::U32 => extend(numbers, bytes, big, |x| u32::from_le_bytes(x) as f32),
            Element::I32 => extend(numbers, bytes, big, |x| i32::from_le_bytes(x) as f32),
            Element::U64 => extend(numbers, bytes, big, |x| u64::from_le_bytes(x) as f32),
            Element::I64 => extend(numbers, bytes, big, |x| i64::from_le_bytes(x) as f32),
            Element::F16 => extend(numbers, bytes, big, |x| f16::from_le_bytes(x).to_f32()),
            Element::F32 => extend(numbers, bytes, big, f32::from_le_bytes),
            Element::F64 => {
                extend(numbers, bytes, big, |x| f64::from_le_bytes(x) as f32);
                self.check_range(bytes, numbers, first)?;
            }
            Element::Bool | Element::U8 | Element::Characters(_) | Element::Bytes(_) => {
                unreachable!("these do not become numbers")
            }
        }
        let exact = |number: &f32| number.abs() <= LAST_EXACT_INTEGER;
        Ok(if numbers[first..].iter().all(exact) { 0 } else { self.count_rounded(bytes) })
    }

    /// How many integers are not exactly what their `f32` is.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is what is counted")]
    fn count_rounded(&self, bytes: &[u8]) -> usize {
        fn count<const N: usize>(bytes: &[u8], big_endian: bool, integer: impl Fn([u8; N]) -> i128) -> usize {
            let integers = bytes.as_chunks().0.iter().map(|&element| {
                let mut element = element;
                if big_endian {
                    element.reverse();
                }
                integer(element)
            });
            integers.filter(|&integer| integer as f32 as i128 != integer).count()
        }
        match self.element {
            Element::U32 => count(bytes, self.big_endian, |x| u32::from_le_bytes(x).into()),
            Element::I32 => count(bytes, self.big_endian, |x| i32::from_le_bytes(x).into()),
            Element::U64 => count(bytes, self.big_endian, |x| u64::from_le_bytes(x).into()),
            Element::I64 => count(bytes, self.big_endian, |x| i64::from_le_bytes(x).into()),
            _ => 0,
        }
    }

    /// A finite `f64` that became infinite is beyond what training can represent.
    fn check_range(&self, bytes: &[u8], numbers: &[f32], first: usize) -> Result<(), ArrayProblem> {
        let infinite = numbers[first..].iter().enumerate().filter(|(_, number)| number.is_infinite());
        for (index, _) in infinite {
            let mut element: [u8; 8] = bytes[8 * index..][..8].try_into().expect("eight bytes");
            if self.big_endian {
                element.reverse();
            }
            let value = f64::from_le_bytes(element);
            if value.is_finite() {
                return Err(ArrayProblem::BeyondSingle { index: (first + index) as u64, value });
            }
        }
        Ok(())
    }
}

/// Adds numbers of N bytes each.
fn extend<const N: usize>(
    numbers: &mut Vec<f32>,
    bytes: &[u8],
    big_endian: bool,
    number: impl Fn([u8; N]) -> f32,
) {
    let elements = bytes.as_chunks().0.iter();
    if big_endian {
        numbers.extend(elements.map(|&element| {
            let mut element = element;
            element.reverse();
            number(element)
        }));
    } else {
        numbers.extend(elements.map(|&element| number(element)));
    }
}

/// Text of four bytes a character, without the zeros at its end.
fn characters(bytes: &[u8], big_endian: bool) -> Result<String, ArrayProblem> {
    let code =
        |&bytes: &[u8; 4]| if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let codes: Vec<u32> = bytes.as_chunks().0.iter().map(code).collect();
    let end = codes.iter().rposition(|&code| code != 0).map_or(0, |last| last + 1);
    codes[..end].iter().map(|&code| char::from_u32(code).ok_or(ArrayProblem::Text)).collect()
}
