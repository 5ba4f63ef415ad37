//! Encoding, decoding and reconstructing many rows, in blocks, on all threads.

use std::ops::Range;

use narrows_kernels::layout::BLOCK_ROWS;
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Aligned, Level, masked_squared_error, prefer_large_pages, squared_error};

use super::InputSpec;
use super::network::{BlockPlaces, Network};
use crate::compute::Compute;
use crate::dataset::Samples;

/// Where the rows of an inference come from.
pub(crate) enum Source<'a> {
    Samples(&'a Samples),
    /// Rows × the layer's inputs.
    Numbers(&'a [f32]),
    /// Raw rows, to be normalised and, where values are missing, filled.
    Raw(&'a [f32], &'a InputSpec),
}

impl Network {
    /// Runs the layers `layers` on all rows; returns rows × outputs of the last of them.
    pub fn infer(&self, compute: &mut Compute, layers: Range<usize>, source: &Source<'_>) -> Vec<f32> {
        let rows = source.rows(self.layers[layers.start].shape.inputs);
        let mut out = vec![0.0; rows * self.layers[layers.end - 1].shape.outputs];
        prefer_large_pages(&mut out);
        self.infer_into(compute, layers, source, &mut out);
        out
    }

    /// As [`Network::infer`], into memory for as many numbers.
    pub fn infer_into(
        &self,
        compute: &mut Compute,
        layers: Range<usize>,
        source: &Source<'_>,
        out: &mut [f32],
    ) {
        let (end, outputs) = (layers.end, self.layers[layers.end - 1].shape.outputs);
        self.visit(compute, layers, source, (out, outputs), |places, block, out| {
            let place = places.values[end];
            for (row, out) in out.chunks_exact_mut(outputs).enumerate() {
                out.copy_from_slice(&block[place.start + row * place.stride..][..outputs]);
            }
        });
    }

    /// The squared error of each row's reconstruction, summed over those of its features that are there.
    pub fn squared_errors(&self, compute: &mut Compute, samples: &Samples) -> Vec<f32> {
        let mut out = vec![0.0; samples.rows()];
        let (level, features, last) = (compute.level, samples.features(), self.layers.len());
        let source = Source::Samples(samples);
        self.visit(compute, 0..last, &source, (&mut out, 1), |places, block, out| {
            let mut errors = [0.0; BLOCK_ROWS];
            let rows = |place| places.rows(block, place);
            let y = rows(places.values[last]);
            match places.targets {
                Some(targets) => masked_squared_error(level, features, rows(targets), y, &mut errors),
                None => squared_error(level, features, rows(places.values[0]), y, &mut errors),
            }
            out.copy_from_slice(&errors[..out.len()]);
        });
        out
    }

    /// Runs layers on every block of rows and hands it to `take` with its part of `out`, `width` numbers a row.
    ///
    /// Every thread has one run of blocks and one block of memory. Rows do not meet, so the partition has no
    /// influence on the result. A single block is the caller's work, for which nothing is allocated.
    fn visit(
        &self,
        compute: &mut Compute,
        layers: Range<usize>,
        source: &Source<'_>,
        (out, width): (&mut [f32], usize),
        take: impl Fn(&BlockPlaces, &[f32], &mut [f32]) + Sync,
    ) {
        let rows = source.rows(self.layers[layers.start].shape.inputs);
        let places = &self.inference[usize::from(source.has_targets())];
        let Compute { level, team, scratch } = compute;
        let (level, blocks) = (*level, rows.div_ceil(BLOCK_ROWS));
        let threads = if blocks < 2 { 1 } else { team.threads() };
        if scratch.len() < threads * places.len {
            *scratch = Aligned::zeros(threads * places.len);
        }
        let run = |first_block: usize, out: &mut [f32], block: &mut [f32]| {
            for (index, out) in out.chunks_mut(BLOCK_ROWS * width).enumerate() {
                let first_row = (first_block + index) * BLOCK_ROWS;
                let rows = first_row..first_row + out.len() / width;
                source.read(
                    level,
                    rows,
                    self.layers[layers.start].shape.inputs,
                    (places, layers.start),
                    block,
                );
                for layer in layers.clone() {
                    match out.len() / width {
                        1 => self.forward_row(level, places, block, layer),
                        _ => self.forward(level, places, block, layer, self.layers[layer].activation),
                    }
                }
                take(places, block, out);
            }
        };
        if threads == 1 {
            return run(0, out, &mut scratch[..places.len]);
        }
        let first_block = |thread: usize| thread * blocks / threads;
        let out_bounds =
            Bounds::new((0..=threads).map(|t| (first_block(t) * BLOCK_ROWS).min(rows) * width).collect());
        let scratch_bounds = Bounds::even(threads, places.len);
        let scratch = &mut scratch[..threads * places.len];
        let splits = [Split::new(out, &out_bounds), Split::new(scratch, &scratch_bounds)];
        team.for_each(splits, |thread, [out, block]| run(first_block(thread), out, block));
    }
}

impl Source<'_> {
    /// How many, of `inputs` numbers each.
    fn rows(&self, inputs: usize) -> usize {
        match self {
            Self::Samples(samples) => {
                debug_assert_eq!(samples.features(), inputs);
                samples.rows()
            }
            Self::Numbers(numbers) | Self::Raw(numbers, _) => {
                debug_assert!(numbers.len().is_multiple_of(inputs));
                numbers.len() / inputs
            }
        }
    }

    /// Whether rows have values that are missing, and so targets that are not what the first layer reads.
    fn has_targets(&self) -> bool {
        matches!(self, Self::Samples(samples) if samples.has_missing())
    }

    /// Some rows, into the place of layer `layer` in a block, and the targets into theirs.
    fn read(
        &self,
        level: Level,
        rows: Range<usize>,
        inputs: usize,
        (places, layer): (&BlockPlaces, usize),
        block: &mut [f32],
    ) {
        let place = places.values[layer];
        for (row, out) in rows.clone().zip(block[place.start..].chunks_exact_mut(place.stride)) {
            match self {
                Self::Samples(samples) => samples.read(level, row, out),
                Self::Numbers(numbers) => {
                    out[..inputs].copy_from_slice(&numbers[row * inputs..][..inputs]);
                    out[inputs..].fill(0.0);
                }
                Self::Raw(raw, input) => input.read(level, &raw[row * inputs..][..inputs], out),
            }
        }
        if let (Some(place), Self::Samples(samples)) = (places.targets, self) {
            for (row, out) in rows.zip(block[place.start..].chunks_exact_mut(place.stride)) {
                samples.read_with_nan(level, row, out);
            }
        }
    }
}
