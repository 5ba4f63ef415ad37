//! Bytes to numbers.

use narrows_kernels::gather::from_bytes;

use crate::support::{PANEL, Random, assert_all_zero, on_every_level};

#[test]
fn bytes_become_numbers_rounded_once() {
    let mut random = Random(9);
    let all = (0..=255).collect();
    let tails = (0..=70).chain([784]).map(|len| (0..len).map(|_| random.bits() as u8).collect());
    for bytes in std::iter::once(all).chain(tails).collect::<Vec<Vec<u8>>>() {
        for (scale, offset) in [(1.0 / 255.0, 0.0), (2.0 / 255.0, -1.0), (0.0127, -0.4242), (-1.0, 255.0)] {
            for beyond in [0, 1, PANEL, 2 * PANEL + 3] {
                let row = on_every_level(|level| {
                    let mut row = vec![f32::NAN; bytes.len().next_multiple_of(PANEL) + beyond];
                    from_bytes(level, &bytes, scale, offset, &mut row);
                    row
                });
                for (&byte, &number) in bytes.iter().zip(&row) {
                    // Exact in `f64` (8 + 24 bits, and the offset's no more than 21 binary places away): rounded once.
                    let exact = f64::from(byte) * f64::from(scale) + f64::from(offset);
                    assert_eq!(number, exact as f32, "{byte}·{scale} + {offset}");
                }
                assert_all_zero(&row[bytes.len()..], format_args!("padding of {} bytes", bytes.len()));
            }
        }
    }
}
