//! Raw numbers to a model's scale.

use narrows_kernels::Level;
use narrows_kernels::gather::{Affine, Scaling, from_bytes, from_numbers, from_present_numbers};

use crate::support::{PANEL, Random, assert_all_zero, on_every_level, refused};

/// Every tail, and a row of MNIST.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=70).chain([784])
}

/// Checks a gather of `raw` on every level against products that are rounded once.
fn check(raw: &[f32], scaling: Scaling<'_>, gather: impl Fn(Level, Scaling<'_>, &mut [f32])) {
    for beyond in [0, 1, PANEL, 2 * PANEL + 3] {
        let row = on_every_level(|level| {
            let mut row = vec![f32::NAN; raw.len().next_multiple_of(PANEL) + beyond];
            gather(level, scaling, &mut row);
            row
        });
        for (column, (&raw, &number)) in raw.iter().zip(&row).enumerate() {
            let (scale, offset) = match scaling {
                Scaling::Same(Affine { scale, offset }) => (scale, offset),
                Scaling::Each { scale, offset } => (scale[column], offset[column]),
            };
            // Exact in `f64` (at most 10 + 24 bits, and the offset's no more than 19 binary places away): rounded once.
            let exact = f64::from(raw) * f64::from(scale) + f64::from(offset);
            assert_eq!(number, exact as f32, "{raw}·{scale} + {offset}");
        }
        assert_all_zero(&row[raw.len()..], format_args!("padding of {} numbers", raw.len()));
    }
}

/// Scales and offsets for each column, as different as the tests' tolerance for exactness allows.
fn each(length: usize, random: &mut Random) -> [Vec<f32>; 2] {
    [(); 2].map(|()| (0..length).map(|_| random.signed() + 2.0).collect())
}

#[test]
fn bytes_become_numbers_rounded_once() {
    let mut random = Random(9);
    let all = (0..=255).collect();
    let tails = lengths().map(|len| (0..len).map(|_| random.bits() as u8).collect());
    for bytes in std::iter::once(all).chain(tails).collect::<Vec<Vec<u8>>>() {
        let raw: Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();
        for (scale, offset) in [(1.0 / 255.0, 0.0), (2.0 / 255.0, -1.0), (0.0127, -0.4242), (-1.0, 255.0)] {
            check(&raw, Scaling::Same(Affine { scale, offset }), |level, scaling, row| {
                from_bytes(level, &bytes, scaling, row);
            });
        }
        let [scale, offset] = each(bytes.len(), &mut random);
        check(&raw, Scaling::Each { scale: &scale, offset: &offset }, |level, scaling, row| {
            from_bytes(level, &bytes, scaling, row);
        });
    }
}

#[test]
fn numbers_are_scaled_and_shifted_rounded_once() {
    let mut random = Random(10);
    for length in lengths() {
        // Of ten bits, so that the expected value is exact.
        let raw: Vec<f32> = (0..length).map(|_| random.below(1024) as f32 / 16.0 - 32.0).collect();
        for (scale, offset) in [(1.0, 0.0), (0.0127, -0.4242), (-1.5, 3.0)] {
            check(&raw, Scaling::Same(Affine { scale, offset }), |level, scaling, row| {
                from_numbers(level, &raw, scaling, row);
            });
        }
        let [scale, offset] = each(length, &mut random);
        check(&raw, Scaling::Each { scale: &scale, offset: &offset }, |level, scaling, row| {
            from_numbers(level, &raw, scaling, row);
        });
    }
}

/// Numbers, of which about a third are missing.
fn with_holes(length: usize, random: &mut Random) -> Vec<f32> {
    (0..length).map(|_| if random.below(3) == 0 { f32::NAN } else { random.signed() }).collect()
}

#[test]
fn missing_numbers_become_zero_and_the_others_what_they_are_without_them() {
    let mut random = Random(11);
    for length in lengths() {
        let raw = with_holes(length, &mut random);
        let [scale, offset] = each(length, &mut random);
        for scaling in [
            Scaling::Same(Affine { scale: 0.0127, offset: -0.4242 }),
            Scaling::Each { scale: &scale, offset: &offset },
        ] {
            let gathered = |gather: fn(Level, &[f32], Scaling<'_>, &mut [f32])| {
                on_every_level(|level| {
                    let mut row = vec![f32::NAN; length.next_multiple_of(PANEL) + PANEL];
                    gather(level, &raw, scaling, &mut row);
                    row
                })
            };
            let (present, all) = (gathered(from_present_numbers), gathered(from_numbers));
            for (column, raw) in raw.iter().enumerate() {
                let expected = if raw.is_nan() { 0.0 } else { all[column] };
                assert_eq!(present[column].to_bits(), expected.to_bits(), "column {column} of {length}");
                assert_eq!(all[column].is_nan(), raw.is_nan(), "column {column} of {length}");
            }
            assert_all_zero(&present[length..], format_args!("padding of {length} numbers"));
        }
    }
}

/// A number that the scale makes infinite is there, and is not to be hidden.
#[test]
fn an_infinite_product_is_not_missing() {
    let scaling = Scaling::Same(Affine { scale: 1e10, offset: 0.0 });
    let row = on_every_level(|level| {
        let mut row = vec![0.0; PANEL];
        from_present_numbers(level, &[1e30, f32::NAN, -1e30], scaling, &mut row);
        row
    });
    assert_eq!(row[..3], [f32::INFINITY, 0.0, f32::NEG_INFINITY]);
}

#[test]
fn rows_and_scales_of_another_length_are_refused() {
    let gather = |scales: usize, offsets: usize, row: usize| {
        let (scale, offset) = (vec![1.0; scales], vec![0.0; offsets]);
        from_numbers(
            Level::scalar(),
            &[1.0; 30],
            Scaling::Each { scale: &scale, offset: &offset },
            &mut vec![0.0; row],
        );
    };
    gather(30, 30, 32);
    refused("30 raw numbers into 31", || gather(30, 30, 31));
    refused("scales and offsets for 30", || gather(29, 30, 32));
    refused("scales and offsets for 30", || gather(30, 31, 32));
}
