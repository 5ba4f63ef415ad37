//! `G ← δᵀ·X` and its sum over rows for the bias, with the parameters updated in one piece or in many.

use std::ops::Range;

use narrows_kernels::chunks::{CHUNK_ROWS, TreeSum};
use narrows_kernels::layout::{BLOCK_ROWS, Batch, LayerShape};
use narrows_kernels::{BiasPanels, Level, Moments, Rule, WeightTiles, apply, update_bias, update_weights};

use crate::support::{
    ADAM, Dense, Matrix, Numbers, PANEL, Random, SGD, Sum, UNIT, all_bits, assert_close, on_every_level,
    shapes,
};

/// A layer with moments as if after some steps, and a batch for it.
fn example(shape: LayerShape, rows: usize, random: &mut Random) -> (Dense, Matrix, Matrix) {
    let mut dense = Dense::random(shape, random);
    for n in 0..shape.outputs {
        for k in 0..shape.inputs {
            let index = dense.index(n, k);
            dense.weight_moments[0][index] = random.signed();
            dense.weight_moments[1][index] = random.signed().abs();
        }
        dense.bias_moments[0][n] = random.signed();
        dense.bias_moments[1][n] = random.signed().abs();
    }
    let delta = Matrix::random(rows, shape.outputs, random);
    let x = Matrix::random(rows, shape.inputs, random);
    (dense, delta, x)
}

fn update(level: Level, rule: Rule, dense: &Dense, delta: &Matrix, x: &Matrix) -> Dense {
    update_with(level, rule, dense, delta.batch(), x.batch())
}

fn update_with(level: Level, rule: Rule, dense: &Dense, delta: Batch<'_>, x: Batch<'_>) -> Dense {
    let mut dense = dense.clone();
    // To be overwritten.
    dense.forward.fill(f32::NAN);
    update_weights(level, rule, dense.shape, delta, x, dense.tiles());
    let [first, second] = &mut dense.bias_moments;
    let panels = BiasPanels { first_panel: 0, bias: &mut dense.bias, moments: Moments { first, second } };
    update_bias(level, rule, delta, panels);
    dense
}

fn check_gradients(shape: LayerShape, rows: usize, random: &mut Random) {
    let (dense, delta, x) = example(shape, rows, random);
    let after = on_every_level(|level| update(level, Rule::KeepGradient, &dense, &delta, &x));
    for n in 0..shape.outputs {
        let what = format_args!("{shape:?}, {rows} rows, output {n}");
        // Both sums round once a row, of partial sums no larger than `size`.
        let roundings = UNIT * (rows + 1) as f64;
        let sum: f64 = (0..rows).map(|row| delta.at(row, n)).sum();
        let size: f64 = (0..rows).map(|row| delta.at(row, n).abs()).sum();
        assert_close(after.bias_moments[0][n], sum, roundings * size, what);
        for k in 0..shape.inputs {
            let products = || (0..rows).map(|row| delta.at(row, n) * x.at(row, k));
            let size = products().map(f64::abs).sum::<f64>();
            let gradient = after.weight_moments[0][after.index(n, k)];
            assert_close(gradient, products().sum(), roundings * size, what);
        }
    }
    after.assert_padding_is_zero(format_args!("{shape:?}, {rows} rows"));
    // Nothing else has changed, and the forward tiles say what the backward tiles say.
    assert_eq!(all_bits(&after.backward), all_bits(&dense.backward));
    assert_eq!(all_bits(&after.forward), all_bits(&dense.forward));
    assert_eq!(all_bits(&after.bias), all_bits(&dense.bias));
    assert_eq!(all_bits(&after.weight_moments[1]), all_bits(&dense.weight_moments[1]));
    assert_eq!(all_bits(&after.bias_moments[1]), all_bits(&dense.bias_moments[1]));
}

#[test]
fn gradients_are_their_formula_and_keep_gradient_leaves_the_parameters_alone() {
    let mut random = Random(10);
    for (i, shape) in shapes().into_iter().enumerate() {
        check_gradients(shape, 1 + i % 20, &mut random);
    }
    for rows in 0..=50 {
        check_gradients(LayerShape { inputs: 35, outputs: 19 }, rows, &mut random);
    }
    check_gradients(LayerShape { inputs: 100, outputs: 30 }, 500, &mut random);
}

#[test]
fn unused_rows_have_no_influence() {
    let mut random = Random(11);
    for rows in 0..=50 {
        let (dense, delta, x) = example(LayerShape { inputs: 50, outputs: 20 }, rows, &mut random);
        let (mut spoiled_delta, mut spoiled_x) = (delta.clone(), x.clone());
        spoiled_delta.spoil_unused_rows(&mut random);
        spoiled_x.spoil_unused_rows(&mut random);
        let after = on_every_level(|level| update(level, ADAM, &dense, &delta, &x));
        let spoiled = on_every_level(|level| update(level, ADAM, &dense, &spoiled_delta, &spoiled_x));
        for (after, spoiled) in after.slices().iter().zip(spoiled.slices()) {
            assert_eq!(all_bits(after), all_bits(spoiled), "{rows} rows");
        }
    }
}

/// Updates some tiles of the weights and some panels of the bias, as a team's thread would.
fn update_piece(
    level: Level,
    rule: Rule,
    dense: &mut Dense,
    (delta, x): (&Matrix, &Matrix),
    range: Range<usize>,
) {
    let numbers = range.start * PANEL * PANEL..range.end * PANEL * PANEL;
    let [first, second] = &mut dense.weight_moments;
    let tiles = WeightTiles {
        range,
        backward: &mut dense.backward[numbers.clone()],
        forward: &mut dense.forward[numbers.clone()],
        moments: Moments { first: &mut first[numbers.clone()], second: &mut second[numbers] },
    };
    update_weights(level, rule, dense.shape, delta.batch(), x.batch(), tiles);
}

#[test]
fn an_update_in_pieces_is_the_update() {
    let mut random = Random(12);
    // Four panels of inputs and three of outputs, seven and one, one and five: cuts fall within and between the runs
    // of a register tile.
    for (inputs, outputs) in [(50, 33), (100, 16), (9, 80)] {
        let (dense, delta, x) = example(LayerShape { inputs, outputs }, 21, &mut random);
        let tiles = dense.shape.tiles();
        for rule in [Rule::KeepGradient, ADAM, SGD] {
            let whole = on_every_level(|level| update(level, rule, &dense, &delta, &x));
            let cuts = (0..=tiles).flat_map(|a| (a..=tiles).map(move |b| vec![0, a, b, tiles]));
            for cuts in cuts.chain([(0..=tiles).collect()]) {
                let pieces = on_every_level(|level| {
                    let mut dense = dense.clone();
                    // In descending order, for the order must not matter either.
                    for cut in cuts.windows(2).rev() {
                        update_piece(level, rule, &mut dense, (&delta, &x), cut[0]..cut[1]);
                    }
                    dense
                });
                assert_eq!(all_bits(&pieces.backward), all_bits(&whole.backward), "{cuts:?}");
                assert_eq!(all_bits(&pieces.forward), all_bits(&whole.forward), "{cuts:?}");
                for i in 0..2 {
                    let (pieces, whole) = (&pieces.weight_moments[i], &whole.weight_moments[i]);
                    assert_eq!(all_bits(pieces), all_bits(whole), "moments {i}, {cuts:?}");
                }
            }
            whole.assert_both_orders_agree();
        }
    }
}

#[test]
fn an_update_of_the_bias_in_pieces_is_the_update() {
    let mut random = Random(13);
    let (dense, delta, x) = example(LayerShape { inputs: 3, outputs: 75 }, 37, &mut random);
    let panels = dense.shape.output_panels();
    for rule in [Rule::KeepGradient, ADAM, SGD] {
        let whole = on_every_level(|level| update(level, rule, &dense, &delta, &x));
        for cut in 0..=panels {
            let pieces = on_every_level(|level| {
                let mut dense = dense.clone();
                for range in [cut..panels, 0..cut] {
                    let numbers = range.start * PANEL..range.end * PANEL;
                    let [first, second] = &mut dense.bias_moments;
                    let moments =
                        Moments { first: &mut first[numbers.clone()], second: &mut second[numbers.clone()] };
                    let bias = &mut dense.bias[numbers];
                    let panels = BiasPanels { first_panel: range.start, bias, moments };
                    update_bias(level, rule, delta.batch(), panels);
                }
                dense
            });
            assert_eq!(all_bits(&pieces.bias), all_bits(&whole.bias), "cut at {cut}");
            for i in 0..2 {
                assert_eq!(
                    all_bits(&pieces.bias_moments[i]),
                    all_bits(&whole.bias_moments[i]),
                    "cut at {cut}"
                );
            }
        }
    }
}

/// Whoever has summed them.
#[test]
fn the_gradient_of_a_batch_is_the_tree_of_those_of_its_chunks() {
    let mut random = Random(14);
    for rows in [1, 255, 256, 257, 512, 600, 1024, 1280, 1400, 2000] {
        let (dense, delta, x) = example(LayerShape { inputs: 50, outputs: 70 }, rows, &mut random);
        let whole = on_every_level(|level| update(level, Rule::KeepGradient, &dense, &delta, &x));
        let (mut weights, mut bias) = (TreeSum::new(), TreeSum::new());
        for first in (0..rows).step_by(CHUNK_ROWS) {
            let [delta, x] = [&delta, &x].map(|all| {
                let (batch, block) = (all.batch(), first / BLOCK_ROWS);
                let offset = batch.offset + block * batch.block_stride;
                Batch { offset, rows: CHUNK_ROWS.min(rows - first), ..batch }
            });
            let chunk = update_with(Level::detect(), Rule::KeepGradient, &dense, delta, x);
            weights.push(Sum(chunk.weight_moments[0].to_vec()));
            bias.push(Sum(chunk.bias_moments[0].to_vec()));
        }
        let [weights, bias] = [weights, bias].map(|sum| sum.total().unwrap().0);
        assert_eq!(all_bits(&weights), all_bits(&whole.weight_moments[0]), "{rows} rows");
        assert_eq!(all_bits(&bias), all_bits(&whole.bias_moments[0]), "{rows} rows");
    }
}

#[test]
fn a_rule_applied_to_a_gradient_is_the_update() {
    let mut random = Random(15);
    let (dense, delta, x) = example(LayerShape { inputs: 35, outputs: 19 }, 40, &mut random);
    let gradient = update(Level::detect(), Rule::KeepGradient, &dense, &delta, &x);
    for rule in [Rule::KeepGradient, ADAM, SGD] {
        let updated = on_every_level(|level| update(level, rule, &dense, &delta, &x));
        let applied = on_every_level(|level| {
            let mut dense = dense.clone();
            let [first, second] = &mut dense.weight_moments;
            let moments = Moments { first, second };
            apply(level, rule, &gradient.weight_moments[0], &mut dense.backward, moments);
            let [first, second] = &mut dense.bias_moments;
            apply(level, rule, &gradient.bias_moments[0], &mut dense.bias, Moments { first, second });
            dense.forward.clone_from(&updated.forward);
            dense
        });
        for (applied, updated) in applied.slices().iter().zip(updated.slices()) {
            assert_eq!(all_bits(applied), all_bits(updated), "{rule:?}");
        }
    }
}
