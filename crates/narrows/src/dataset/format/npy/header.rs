//! The header of an array: a Python dictionary of three keys.

use std::io::{self, Read};

use super::super::array::{Element, Layout};
use super::super::error::{Fault, Problem};

/// What is wrong with a file of NumPy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyProblem {
    /// Not NumPy's format, or damaged.
    #[error("the header is no header of a NumPy array: {0}; was the file cut short or altered?")]
    Header(&'static str),
    /// A version that is not published yet.
    #[error("the file has version {0} of NumPy's format; versions 1 to 3 are known")]
    Version(u8),
    /// Python objects.
    #[error(
        "the array holds Python objects, which are stored as pickle and never read: a pickle can run any program. Save it as \
         numbers, for instance with `array.astype(\"float32\")`"
    )]
    Objects,
    /// Several columns in one element.
    #[error(
        "the array is structured (its elements have named fields); save its columns as one array with two dimensions"
    )]
    Structured,
    /// A type with no meaning here.
    #[error(
        "the elements are of type `{0}`; truth values, integers, floating-point numbers and text are read"
    )]
    Type(String),
    /// A damaged archive.
    #[error("the archive is damaged or cut short: {0}")]
    Archive(zip::result::ZipError),
    /// No such array in an archive.
    #[error("the archive has no array `{wanted}`; it has {}", .found.join(", "))]
    NoSuchArray {
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: Vec<String>,
    },
    /// No name says which array is the data.
    #[error("it is not clear which array is the data: the archive has {}; say which, or call it `x`", .found.join(", "))]
    Unclear {
        /// What there is.
        found: Vec<String>,
    },
}

/// NumPy's own limit on headers that it reads without being asked (`max_header_size`).
const MAX_HEADER_BYTES: usize = 10_000;

/// No class has a longer name; the size of an element stays far from overflowing.
const MAX_TEXT: usize = 1 << 16;

/// Reads from the first byte to the first value.
pub(super) fn read(reader: &mut impl Read) -> Result<Layout, Fault> {
    let [magic @ .., major, _minor] = bytes::<8>(reader)?;
    if &magic != b"\x93NUMPY" {
        return Err(Problem::Kind { expected: "a NumPy array", found: "another format" }.into());
    }
    let (length, before) = match major {
        1 => (usize::from(u16::from_le_bytes(bytes(reader)?)), 10),
        2 | 3 => (usize::try_from(u32::from_le_bytes(bytes(reader)?)).expect("32 bits fit"), 12),
        _ => return Err(NpyProblem::Version(major).into()),
    };
    if length > MAX_HEADER_BYTES {
        return Err(NpyProblem::Header("it claims to be longer than 10,000 bytes").into());
    }
    let mut text = Vec::new();
    if reader.by_ref().take(length as u64).read_to_end(&mut text).map_err(Problem::from)? < length {
        return Err(NpyProblem::Header("the file ends within it").into());
    }
    let text = std::str::from_utf8(&text).map_err(|_| NpyProblem::Header("it is no text"))?;
    let dictionary = Dictionary::parse(text)?;
    let (element, big_endian) = element(&dictionary.description)?;
    Ok(Layout::new(element, big_endian, dictionary.shape, dictionary.column_major, (before + length) as u64)?)
}

fn bytes<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => NpyProblem::Header("the file ends within it").into(),
        _ => Problem::from(error),
    })?;
    Ok(bytes)
}

/// The type behind a description such as `<f4`.
fn element(description: &str) -> Result<(Element, bool), NpyProblem> {
    let unknown = || NpyProblem::Type(description.chars().take(40).collect());
    let (order, rest) = match description.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), ..] => (*order, &description[1..]),
        _ => (b'|', description),
    };
    if rest.starts_with('O') {
        return Err(NpyProblem::Objects);
    }
    let length =
        |text: &str| text.parse().ok().filter(|length| (1..=MAX_TEXT).contains(length)).ok_or_else(unknown);
    let element = match rest {
        "b1" | "?" => Element::Bool,
        "u1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => match rest.split_at_checked(1) {
            Some(("U", digits)) => Element::Characters(length(digits)?),
            Some(("S", digits)) => Element::Bytes(length(digits)?),
            _ => return Err(unknown()),
        },
    };
    Ok((element, order == b'>' || (order == b'=' && cfg!(target_endian = "big"))))
}

struct Dictionary {
    description: String,
    column_major: bool,
    shape: Vec<usize>,
}

impl Dictionary {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, keys in any order.
    fn parse(text: &str) -> Result<Self, NpyProblem> {
        let mut text = Text(text);
        text.expect("{", "it does not begin with `{`")?;
        let (mut description, mut column_major, mut shape) = (None, None, None);
        while !text.skip("}") {
            let key = text.string()?;
            text.expect(":", "a key has no value")?;
            match key {
                "descr" => description = Some(text.description()?),
                "fortran_order" => column_major = Some(text.truth()?),
                "shape" => shape = Some(text.sizes()?),
                _ => return Err(NpyProblem::Header("it has an unknown key")),
            }
            text.skip(",");
        }
        match (description, column_major, shape) {
            (Some(description), Some(column_major), Some(shape)) => {
                Ok(Self { description: description.to_owned(), column_major, shape })
            }
            _ => Err(NpyProblem::Header("one of the keys `descr`, `fortran_order`, `shape` is missing")),
        }
    }
}

/// What is left of the header.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Goes over blanks and `token`, if that is what comes.
    fn skip(&mut self, token: &str) -> bool {
        self.0 = self.0.trim_start();
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str, otherwise: &'static str) -> Result<(), NpyProblem> {
        if self.skip(token) { Ok(()) } else { Err(NpyProblem::Header(otherwise)) }
    }

    fn string(&mut self) -> Result<&'a str, NpyProblem> {
        let expected = NpyProblem::Header("text in quotes was expected");
        let Some(quote) = ["'", "\""].into_iter().find(|quote| self.skip(quote)) else {
            return Err(expected);
        };
        let (string, rest) = self.0.split_once(quote).ok_or(expected)?;
        self.0 = rest;
        Ok(string)
    }

    fn description(&mut self) -> Result<&'a str, NpyProblem> {
        if self.skip("[") {
            // The fields of a structure; one of them may be a list again, but none can be used.
            return Err(NpyProblem::Structured);
        }
        self.string()
    }

    fn truth(&mut self) -> Result<bool, NpyProblem> {
        if self.skip("True") {
            Ok(true)
        } else {
            self.expect("False", "`fortran_order` is neither True nor False").map(|()| false)
        }
    }

    /// `(3, 4)`, `(3,)`, `()`; Python 2 wrote `3L`.
    fn sizes(&mut self) -> Result<Vec<usize>, NpyProblem> {
        self.expect("(", "`shape` is no tuple")?;
        let mut sizes = Vec::new();
        while !self.skip(")") {
            let text = self.0.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let size = text[..end]
                .parse()
                .map_err(|_| NpyProblem::Header("`shape` holds something that is no size"))?;
            sizes.push(size);
            self.0 = &text[end..];
            self.skip("L");
            self.skip(",");
        }
        Ok(sizes)
    }
}
