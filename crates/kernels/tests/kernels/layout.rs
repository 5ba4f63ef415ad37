//! Where a weight lies.

use narrows_kernels::forward_tiles;
use narrows_kernels::layout::row_stride;

use crate::support::{Dense, PANEL, Random, on_every_level, shapes};

#[test]
fn weights_lie_where_the_documentation_says() {
    for shape in shapes() {
        // One number for each weight, exact in `f32`.
        let weights: Vec<f32> = (1..=shape.inputs * shape.outputs).map(|i| i as f32).collect();
        let dense = Dense::new(shape, &weights, vec![0.0; shape.bias_len()]);
        for n in 0..shape.outputs {
            for k in 0..shape.inputs {
                assert_eq!(dense.backward[dense.index(n, k)], weights[n * shape.inputs + k], "{shape:?}");
            }
        }
        dense.assert_padding_is_zero(format_args!("{shape:?}"));
        dense.assert_both_orders_agree();
    }
}

#[test]
fn every_level_transposes_every_number_of_tiles() {
    let mut random = Random(1);
    for tiles in 0..5 {
        let backward: Vec<f32> = (0..tiles * PANEL * PANEL).map(|_| random.signed()).collect();
        let forward = on_every_level(|level| {
            let mut forward = vec![f32::NAN; backward.len()];
            forward_tiles(level, &backward, &mut forward);
            forward
        });
        for (i, number) in forward.iter().enumerate() {
            let (tile, row, column) = (i / 256, i / PANEL % PANEL, i % PANEL);
            assert_eq!(number.to_bits(), backward[tile * 256 + column * PANEL + row].to_bits());
        }
    }
}

#[test]
fn rows_lie_an_odd_number_of_vectors_apart() {
    for columns in 1..100 {
        let stride = row_stride(columns);
        assert!(stride >= columns && stride < columns + 2 * PANEL, "{columns} columns, {stride} apart");
        assert_eq!(stride % (2 * PANEL), PANEL, "{columns} columns");
    }
}
