//! The fields of a message as they lie in a file, each borrowed from it. A message that is read into structs takes memory for every two
//! bytes of a hostile file; this takes none.

/// The fields of one message, in their order. It ends after the first that is malformed.
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A whole number, or a truth.
    Number(u64),
    /// Text, bytes, a message, or numbers side by side.
    Bytes(&'a [u8]),
    /// 32 or 64 bits, which nothing that is read here has.
    Fixed,
}

/// Bytes that are no fields of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no whole ONNX file; was it cut short or altered?")]
pub struct Malformed;

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    /// Seven bits a byte, the lowest first; all bytes but the last have the highest bit.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(Malformed))
    }
}

/// Whole numbers side by side, as a repeated field may have them; no more than `most` of them.
pub fn packed(bytes: &[u8], most: usize) -> Result<Vec<u64>, Malformed> {
    let mut fields = Fields::of(bytes);
    let mut numbers = Vec::new();
    while !fields.rest.is_empty() {
        let number = fields.number().filter(|_| numbers.len() < most);
        numbers.push(number.ok_or(Malformed)?);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::messages::{AttributeProto, NodeProto, TensorProto};
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>, Malformed> {
        Fields::of(bytes).collect()
    }

    #[test]
    fn fields_are_those_that_prost_wrote() {
        let tensor = TensorProto::floats("weight", &[2, 300], &[1.0, 2.0]).encode_to_vec();
        let expected = [
            (1, Value::Number(2)),
            (1, Value::Number(300)),
            (2, Value::Number(1)),
            (8, Value::Bytes(b"weight")),
            (9, Value::Bytes(&[0, 0, 128, 63, 0, 0, 0, 64])),
        ];
        assert_eq!(fields(&tensor).unwrap(), expected);
        let attribute = vec![AttributeProto::float("alpha", 0.01), AttributeProto::int("axis", -1)];
        let node = NodeProto { op_type: "LeakyRelu".to_owned(), attribute, ..NodeProto::default() };
        let node = node.encode_to_vec();
        let Value::Bytes(alpha) = fields(&node).unwrap()[1].1 else { panic!() };
        assert_eq!(fields(alpha).unwrap()[1], (2, Value::Fixed));
        let Value::Bytes(axis) = fields(&node).unwrap()[2].1 else { panic!() };
        assert_eq!(fields(axis).unwrap()[1], (3, Value::Number(-1_i64 as u64)));
    }

    #[test]
    fn a_message_that_is_cut_short_is_malformed() {
        let tensor = TensorProto::floats("weight", &[2, 300], &[1.0, 2.0]).encode_to_vec();
        let whole = fields(&tensor).unwrap().len();
        for length in 0..tensor.len() {
            // Between two fields the rest is a message too.
            assert!(
                fields(&tensor[..length]).is_ok_and(|found| found.len() < whole) || {
                    fields(&tensor[..length]) == Err(Malformed)
                }
            );
        }
        assert_eq!(fields(&[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Err(Malformed), "32 GiB of text");
        assert_eq!(fields(&[0x80; 20]), Err(Malformed), "a number without end");
        assert_eq!(fields(&[0x0B]), Err(Malformed), "a group, which ONNX does not have");
    }

    #[test]
    fn packed_numbers_are_bounded() {
        assert_eq!(packed(&[2, 0xAC, 2], 2), Ok(vec![2, 300]));
        assert_eq!(packed(&[1, 2, 3], 2), Err(Malformed));
        assert_eq!(packed(&[0x80], 2), Err(Malformed));
    }
}
