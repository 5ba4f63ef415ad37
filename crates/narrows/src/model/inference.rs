//! Encoding, decoding and reconstructing many rows, in blocks, on all threads.

use std::ops::Range;

use narrows_kernels::layout::{BLOCK_ROWS, RowsMut};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Aligned, Level, masked_squared_error, prefer_large_pages, squared_error};

use super::network::{BlockPlaces, Network};
use crate::compute::Compute;
use crate::dataset::Samples;

/// Where the rows of an inference come from.
pub(crate) enum Source<'a> {
    Samples(&'a Samples),
    /// Rows × the layer's inputs.
    Numbers(&'a [f32]),
}

impl Network {
    /// Runs the layers `layers` on all rows; returns rows × outputs of the last of them.
    pub fn infer(&self, compute: &mut Compute, layers: Range<usize>, source: &Source<'_>) -> Vec<f32> {
        let inputs = self.layers[layers.start].shape.inputs;
        debug_assert!(match source {
            Source::Samples(samples) => samples.features() == inputs,
            Source::Numbers(numbers) => numbers.len().is_multiple_of(inputs),
        });
        let outputs = self.layers[layers.end - 1].shape.outputs;
        let rows = match source {
            Source::Samples(samples) => samples.rows(),
            Source::Numbers(numbers) => numbers.len() / inputs,
        };
        let mut out = vec![0.0; rows * outputs];
        prefer_large_pages(&mut out);
        let end = layers.end;
        self.visit(compute, layers, source, rows, (&mut out, outputs), |places, block, _, out| {
            let place = places.values[end];
            for (row, out) in out.chunks_exact_mut(outputs).enumerate() {
                out.copy_from_slice(&block[place.start + row * place.stride..][..outputs]);
            }
        });
        out
    }

    /// The squared error of each row's reconstruction, summed over those of its features that are there.
    pub fn squared_errors(&self, compute: &mut Compute, samples: &Samples) -> Vec<f32> {
        let mut out = vec![0.0; samples.rows()];
        let (level, features, last) = (compute.level, samples.features(), self.layers.len());
        let source = Source::Samples(samples);
        self.visit(compute, 0..last, &source, samples.rows(), (&mut out, 1), |places, block, _, out| {
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
    /// influence on the result.
    fn visit(
        &self,
        compute: &mut Compute,
        layers: Range<usize>,
        source: &Source<'_>,
        rows: usize,
        (out, width): (&mut [f32], usize),
        take: impl Fn(&BlockPlaces, &[f32], usize, &mut [f32]) + Sync,
    ) {
        let missing = matches!(source, Source::Samples(samples) if samples.has_missing());
        let places = BlockPlaces::for_inference(self, missing);
        let level = compute.level;
        let threads = compute.team.threads();
        let blocks = rows.div_ceil(BLOCK_ROWS);
        let first_block = |thread: usize| thread * blocks / threads;
        let out_bounds =
            Bounds::new((0..=threads).map(|t| (first_block(t) * BLOCK_ROWS).min(rows) * width).collect());
        let scratch_bounds = Bounds::even(threads, places.len);
        let mut scratch = Aligned::zeros(threads * places.len);
        let splits = [Split::new(out, &out_bounds), Split::new(&mut scratch, &scratch_bounds)];
        compute.team.for_each(splits, |thread, [out, block]| {
            let mut first_row = first_block(thread) * BLOCK_ROWS;
            for out in out.chunks_mut(BLOCK_ROWS * width) {
                let used = out.len() / width;
                let rows = first_row..first_row + used;
                let place = places.values[layers.start];
                let input = RowsMut { data: &mut block[place.start..], stride: place.stride };
                source.read(level, rows.clone(), self.layers[layers.start].shape.inputs, input);
                if let (Some(place), Source::Samples(samples)) = (places.targets, source) {
                    for (row, out) in rows.zip(block[place.start..].chunks_exact_mut(place.stride)) {
                        samples.read_with_nan(level, row, out);
                    }
                }
                for layer in layers.clone() {
                    self.forward(level, &places, block, layer, self.layers[layer].activation);
                }
                take(&places, block, used, out);
                first_row += used;
            }
        });
    }
}

impl Source<'_> {
    fn read(&self, level: Level, rows: Range<usize>, inputs: usize, out: RowsMut<'_>) {
        for (row, out) in rows.zip(out.data.chunks_exact_mut(out.stride)) {
            match self {
                Self::Samples(samples) => samples.read(level, row, out),
                Self::Numbers(numbers) => {
                    out[..inputs].copy_from_slice(&numbers[row * inputs..][..inputs]);
                    out[inputs..].fill(0.0);
                }
            }
        }
    }
}
