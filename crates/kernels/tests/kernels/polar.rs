//! The kernels of Muon against loops over unpadded indices.

use narrows_kernels::gram_panel;
use narrows_kernels::layout::{Batch, LayerShape, TILE, row_stride};
use narrows_kernels::polar::{
    Descent, OutputPanels, Polynomial, WeightMatrix, descend, gather_rows, symmetric_panel,
};
use narrows_kernels::sparse::SparseLayout;

use crate::support::{PANEL, Random, UNIT, on_every_level, refused};

/// Each order of memory with each side as the longer one, tails, one group of outputs and more, and single numbers.
fn matrices() -> Vec<WeightMatrix> {
    let sizes =
        [(1, 1), (17, 5), (5, 17), (33, 33), (1, 40), (40, 1), (100, 70), (50, 130), (64, 64), (48, 200)];
    let of = |(inputs, outputs)| LayerShape { inputs, outputs };
    sizes
        .into_iter()
        .flat_map(|size| [false, true].map(|by_input| WeightMatrix { shape: of(size), by_input }))
        .collect()
}

fn pack(matrix: WeightMatrix, weights: &[f32]) -> Vec<f32> {
    let mut packed = vec![f32::NAN; matrix.weights_len()];
    if matrix.by_input {
        SparseLayout { shape: matrix.shape }.pack(weights, &mut packed);
    } else {
        matrix.shape.pack(weights, &mut packed);
    }
    packed
}

fn unpack(matrix: WeightMatrix, packed: &[f32]) -> Vec<f32> {
    let mut weights = vec![0.0; matrix.shape.inputs * matrix.shape.outputs];
    if matrix.by_input {
        SparseLayout { shape: matrix.shape }.unpack(packed, &mut weights);
    } else {
        matrix.shape.unpack(packed, &mut weights);
    }
    weights
}

fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..len).map(|_| random.signed()).collect()
}

/// Rows and columns of M, the longer side first, and where (row, column) is among unpadded weights.
fn sides(matrix: WeightMatrix) -> (usize, usize, impl Fn(usize, usize) -> usize) {
    let LayerShape { inputs, outputs } = matrix.shape;
    let outputs_first = outputs > inputs;
    let at = move |row, column| if outputs_first { row * inputs + column } else { column * inputs + row };
    (outputs.max(inputs), outputs.min(inputs), at)
}

fn rows_of(matrix: WeightMatrix, packed: &[f32]) -> Vec<f32> {
    on_every_level(|level| {
        let mut rows = vec![0.0; matrix.row_panels() * PANEL * matrix.stride()];
        for (panel, rows) in rows.chunks_exact_mut(PANEL * matrix.stride()).enumerate() {
            gather_rows(level, matrix, packed, panel, rows);
        }
        rows
    })
}

#[test]
fn rows_are_the_longer_side_and_padded_with_zeros() {
    for matrix in matrices() {
        let weights = random(matrix.shape.inputs * matrix.shape.outputs, 1);
        let gathered = rows_of(matrix, &pack(matrix, &weights));
        let (rows, columns, at) = sides(matrix);
        for (row, numbers) in gathered.chunks_exact(matrix.stride()).enumerate() {
            for (column, &number) in numbers.iter().enumerate() {
                let expected = if row < rows && column < columns { weights[at(row, column)] } else { 0.0 };
                assert_eq!(number, expected, "{matrix:?}, row {row}, column {column}");
            }
        }
    }
}

#[test]
fn a_polynomial_with_a_product_of_which_half_is_known() {
    for panels in [1, 2, 3, 5] {
        let (size, stride) = (panels * PANEL, row_stride(panels * PANEL));
        let mut a = vec![0.0; size * stride];
        let numbers = random(size * size, 2);
        for i in 0..size {
            for j in 0..size {
                a[i * stride + j] = numbers[i.max(j) * size + i.min(j)];
            }
        }
        let batch = Batch { data: &a, offset: 0, block_stride: PANEL * stride, stride, rows: size };
        let (identity, linear, product) = (3.5, -2.25, 1.5);
        let result = on_every_level(|level| {
            // What the upper triangle holds is of no consequence.
            let mut lower = vec![f32::NAN; panels * panels * TILE];
            for (panel, lower) in lower.chunks_exact_mut(panels * TILE).enumerate() {
                gram_panel(level, batch, batch, panel, &mut lower[..(panel + 1) * TILE]);
            }
            let mut out = vec![0.0; size * stride];
            for (panel, out) in out.chunks_exact_mut(PANEL * stride).enumerate() {
                let polynomial = Polynomial { identity, linear: Some((linear, &a)), product };
                symmetric_panel(level, polynomial, &lower, (panel, panels), out);
            }
            out
        });
        for i in 0..size {
            for j in 0..size {
                let at = |i: usize, j: usize| f64::from(a[i * stride + j]);
                let square: f64 = (0..size).map(|d| at(d, i) * at(d, j)).sum();
                let sum_of_magnitudes: f64 = (0..size).map(|d| (at(d, i) * at(d, j)).abs()).sum();
                let expected = f64::from(identity) * f64::from(u8::from(i == j))
                    + f64::from(linear) * at(i, j)
                    + f64::from(product) * square;
                // One rounding for each of the terms of the product, and three of what is added to it.
                let tolerance =
                    UNIT * (2.0 * size as f64 * sum_of_magnitudes + 3.0 * (3.5 + 2.25 + expected.abs()));
                let found = f64::from(result[i * stride + j]);
                assert!(
                    (found - expected).abs() <= tolerance,
                    "({i}, {j}) of {size}: {found} for {expected}"
                );
                assert_eq!(result[i * stride + j].to_bits(), result[j * stride + i].to_bits(), "({i}, {j})");
            }
        }
    }
}

#[test]
fn weights_descend_along_the_rows_times_the_factor() {
    let descent = Descent { step: 0.25, shrink: 0.875 };
    for matrix in matrices() {
        let LayerShape { inputs, outputs } = matrix.shape;
        let (weights, momentum) = (random(inputs * outputs, 3), random(inputs * outputs, 4));
        let (before, rows) = (pack(matrix, &weights), rows_of(matrix, &pack(matrix, &momentum)));
        let (long, short, at) = sides(matrix);
        let stride = matrix.stride();
        let mut factor = vec![0.0; matrix.column_panels() * PANEL * stride];
        let numbers = random(short * short, 5);
        for i in 0..short {
            for j in 0..short {
                factor[i * stride + j] = numbers[i.max(j) * short + i.min(j)];
            }
        }
        let [after, forward] = on_every_level(|level| {
            let (mut after, mut forward) = (before.clone(), before.clone());
            let panels = matrix.shape.output_panels();
            // Piece by piece, as threads take them.
            for start in (0..panels).step_by(4) {
                let range = start..panels.min(start + 4);
                let place = matrix.output_range(&range);
                let (weights, forward) = (&mut after[place.clone()], &mut forward[place]);
                descend(level, matrix, descent, (&rows, &factor), OutputPanels { range, weights, forward });
            }
            [after, forward]
        });
        assert_eq!(
            after.iter().filter(|&&x| x != 0.0).count(),
            inputs * outputs,
            "padding of {matrix:?} stays 0"
        );
        let unpacked = unpack(matrix, &after);
        for row in 0..long {
            for column in 0..short {
                let term = |d: usize| {
                    f64::from(momentum[at(row, d)])
                        * f64::from(numbers[d.max(column) * short + d.min(column)])
                };
                let direction: f64 = (0..short).map(term).sum();
                let magnitudes: f64 = (0..short).map(|d| term(d).abs()).sum();
                let expected = 0.875 * f64::from(weights[at(row, column)]) - 0.25 * direction;
                let tolerance = UNIT * (short as f64 * magnitudes + 2.0 * expected.abs() + 1.0);
                let found = f64::from(unpacked[at(row, column)]);
                assert!((found - expected).abs() <= tolerance, "{matrix:?}: {found} for {expected}");
            }
        }
        if matrix.by_input {
            assert_eq!(forward, before, "weights by input have no forward tiles");
        } else {
            for (tile, (backward, forward)) in
                after.chunks_exact(TILE).zip(forward.chunks_exact(TILE)).enumerate()
            {
                for (i, number) in backward.iter().enumerate() {
                    let transposed = i % PANEL * PANEL + i / PANEL;
                    assert_eq!(*number, forward[transposed], "{matrix:?}, tile {tile}, number {i}");
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let matrix = WeightMatrix { shape: LayerShape { inputs: 40, outputs: 100 }, by_input: false };
    let level = narrows_kernels::Level::detect();
    let weights = vec![0.0; matrix.weights_len()];
    let panel = PANEL * matrix.stride();
    let (mut rows, factor) = (vec![0.0; 7 * panel], vec![0.0; 3 * panel]);
    refused("numbers", || gather_rows(level, matrix, &weights[1..], 0, &mut rows[..panel]));
    refused("panel 7", || gather_rows(level, matrix, &weights, 7, &mut rows[..panel]));
    refused("a panel of rows", || gather_rows(level, matrix, &weights, 0, &mut rows[1..panel]));

    let polynomial = Polynomial { identity: 0.0, linear: None, product: 1.0 };
    let lower = vec![0.0; 9 * TILE];
    refused("panel 3", || symmetric_panel(level, polynomial, &lower, (3, 3), &mut rows[..panel]));
    refused("tiles", || symmetric_panel(level, polynomial, &lower[1..], (0, 3), &mut rows[..panel]));
    refused("a panel of rows", || symmetric_panel(level, polynomial, &lower, (0, 3), &mut rows[1..panel]));
    let linear = Polynomial { linear: Some((1.0, &factor[1..])), ..polynomial };
    refused("rows of 3", || symmetric_panel(level, linear, &lower, (0, 3), &mut rows[..panel]));

    let descent = Descent { step: 1.0, shrink: 1.0 };
    let step =
        |matrix: WeightMatrix, rows: &[f32], factor: &[f32], range: std::ops::Range<usize>, len: usize| {
            let (mut weights, mut forward) = (vec![0.0; len], vec![0.0; len]);
            let panels = OutputPanels { range, weights: &mut weights, forward: &mut forward };
            descend(level, matrix, descent, (rows, factor), panels);
        };
    refused("rows of", || step(matrix, &rows[1..], &factor, 0..7, 7 * 3 * TILE));
    refused("factor of", || step(matrix, &rows, &factor[1..], 0..7, 7 * 3 * TILE));
    refused("panels 0..8", || step(matrix, &rows, &factor, 0..8, 8 * 3 * TILE));
    refused("weights of panels", || step(matrix, &rows, &factor, 0..7, 7 * 3 * TILE - 1));
    let by_input = WeightMatrix { by_input: true, ..matrix };
    refused("no whole groups", || step(by_input, &rows, &factor, 0..2, 2 * 40 * PANEL));
}
