//! A model made ready to run: weights packed once, every shape checked.

use std::ops::Range;

use super::inference::Source;
use super::network::{Network, WeightOrder};
use super::{Architecture, Autoencoder, InputSpec, LayerSpec, MismatchError, Parameters, TensorSpec};
use crate::compute::Compute;
use crate::dataset::{Dataset, Samples};

/// Encodes, decodes and reconstructs. A row gives the same bits alone and among others, on any threads and levels; any number of
/// threads may share a predictor, each with its own [`Compute`].
///
/// ```
/// # use narrows::{compute::Compute, dataset::*, model::*};
/// # let architecture = Architecture {
/// #     inputs: 2, hidden: vec![1], activation: HiddenActivation::Relu, output: OutputActivation::Linear,
/// # };
/// # let model = Autoencoder {
/// #     parameters: Initialisation::Pytorch.draw(&architecture, 0),
/// #     input: InputSpec::new(Normalisation::identity(), Schema::rows(2)?)?,
/// #     architecture,
/// # };
/// let mut compute = Compute::new(std::num::NonZeroUsize::MIN)?;
/// let predictor = model.predictor()?;
/// let rows = predictor.input().rows(vec![0.5, 1.0, 2.0, -1.0])?;
/// let codes = predictor.encode(&mut compute, &rows)?;
/// assert_eq!((rows.rows(), codes.len()), (2, 2));
/// assert_eq!(predictor.decode(&mut compute, &codes)?, predictor.reconstruct(&mut compute, &rows)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Predictor {
    architecture: Architecture,
    input: InputSpec,
    network: Network,
}

impl Predictor {
    /// Packs the weights of a model.
    ///
    /// # Errors
    /// If architecture, parameters and input do not belong together.
    pub fn new(model: &Autoencoder) -> Result<Self, MismatchError> {
        model.check()?;
        let Autoencoder { architecture, parameters, input } = model;
        let network = Network::new(architecture, parameters, WeightOrder::Tiles);
        Ok(Self { architecture: architecture.clone(), input: input.clone(), network })
    }

    /// Sizes and activations.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// What its data looks like; [`InputSpec::rows`] makes raw rows its input.
    pub fn input(&self) -> &InputSpec {
        &self.input
    }

    /// A data set as this model's input.
    ///
    /// # Errors
    /// If its rows or its value range are not those that the model was trained on.
    pub fn samples(&self, dataset: &Dataset) -> Result<Samples, MismatchError> {
        self.input.samples(dataset)
    }

    /// The code of every row: `encoder(x)`, rows × latent.
    ///
    /// # Errors
    /// If rows are not as long as the model reads.
    pub fn encode(&self, compute: &mut Compute, samples: &Samples) -> Result<Vec<f32>, MismatchError> {
        self.run(compute, 0..self.architecture.depth(), samples)
    }

    /// `decoder(z)` of codes, rows × latent; returns rows × features in the model's scale.
    ///
    /// # Errors
    /// If the numbers are no whole codes, or one is not finite.
    pub fn decode(&self, compute: &mut Compute, codes: &[f32]) -> Result<Vec<f32>, MismatchError> {
        let (latent, depth) = (self.architecture.latent(), self.architecture.depth());
        if !codes.len().is_multiple_of(latent) {
            return Err(MismatchError::Codes { latent, numbers: codes.len() });
        }
        if let Some(index) = codes.iter().position(|z| !z.is_finite()) {
            let (row, latent) = (index / latent, index % latent);
            return Err(MismatchError::CodeNotFinite { row, latent, value: codes[index] });
        }
        Ok(self.network.infer(compute, depth..2 * depth, &Source::Numbers(codes)))
    }

    /// As [`Predictor::encode`], of raw rows, into memory for rows × latent numbers. From the second call on nothing is allocated for up
    /// to 16 rows, nor on one thread for more.
    ///
    /// # Errors
    /// If the numbers are no whole rows, or one is not finite and not missing in a way that the model knows; if the memory is for another
    /// number of codes.
    pub fn encode_into(
        &self,
        compute: &mut Compute,
        raw: &[f32],
        codes: &mut [f32],
    ) -> Result<(), MismatchError> {
        self.run_into(compute, 0..self.architecture.depth(), raw, codes)
    }

    /// `decoder(encoder(x))` of raw rows as raw values, not clamped to any range, into memory for as many numbers as the rows have. From
    /// the second call on nothing is allocated for up to 16 rows, nor on one thread for more.
    ///
    /// # Errors
    /// As [`Predictor::encode_into`].
    pub fn reconstruct_into(
        &self,
        compute: &mut Compute,
        raw: &[f32],
        reconstructions: &mut [f32],
    ) -> Result<(), MismatchError> {
        self.run_into(compute, 0..2 * self.architecture.depth(), raw, reconstructions)?;
        self.input.make_raw(reconstructions);
        Ok(())
    }

    /// `decoder(encoder(x))` of every row, rows × features in the model's scale.
    ///
    /// # Errors
    /// If rows are not as long as the model reads; or if they are in a file and too many for memory.
    pub fn reconstruct(&self, compute: &mut Compute, samples: &Samples) -> Result<Vec<f32>, MismatchError> {
        check_result(samples)?;
        self.run(compute, 0..2 * self.architecture.depth(), samples)
    }

    /// Every row in raw units, rows × features, its missing values filled in from the reconstruction that the others give.
    /// What is there stays as it is, to the bit.
    ///
    /// # Errors
    /// If rows are not as long as the model reads.
    pub fn filled(&self, compute: &mut Compute, samples: &Samples) -> Result<Vec<f32>, MismatchError> {
        self.check(samples)?;
        check_result(samples)?;
        let layers = 0..2 * self.architecture.depth();
        let of_rows = |rows: &Samples| {
            let mut filled = self.network.infer(compute, layers.clone(), &Source::Samples(rows));
            let rows_of = filled.chunks_exact_mut(rows.features());
            rows_of.enumerate().for_each(|(index, row)| rows.complete(index, row));
            filled
        };
        Ok(samples.map_pieces(of_rows)?)
    }

    /// `‖decoder(encoder(x)) − x‖²` of every row, in the model's scale, over the values that are there; 0 of a row without any.
    ///
    /// # Errors
    /// If rows are not as long as the model reads.
    pub fn squared_errors(
        &self,
        compute: &mut Compute,
        samples: &Samples,
    ) -> Result<Vec<f32>, MismatchError> {
        self.check(samples)?;
        Ok(samples.map_pieces(|rows| self.network.squared_errors(compute, rows))?)
    }

    /// `(decoder(encoder(x)) − x)²` of every feature of every row, rows × features, in the model's scale; NaN where a value
    /// is missing.
    ///
    /// # Errors
    /// If rows are not as long as the model reads.
    pub fn squared_errors_by_feature(
        &self,
        compute: &mut Compute,
        samples: &Samples,
    ) -> Result<Vec<f32>, MismatchError> {
        self.check(samples)?;
        check_result(samples)?;
        let layers = 0..2 * self.architecture.depth();
        let of_rows = |rows: &Samples| {
            let mut errors = self.network.infer(compute, layers.clone(), &Source::Samples(rows));
            for (row, errors) in errors.chunks_exact_mut(rows.features()).enumerate() {
                errors.iter_mut().zip(rows.row_with_nan(row)).for_each(|(y, x)| *y = (*y - x) * (*y - x));
            }
            errors
        };
        Ok(samples.map_pieces(of_rows)?)
    }

    /// What layer `layer` (from 0, encoder and decoder in one count) makes of every row: rows × its outputs.
    ///
    /// # Errors
    /// If rows are not as long as the model reads.
    pub(crate) fn layer_outputs(
        &self,
        compute: &mut Compute,
        samples: &Samples,
        layer: usize,
    ) -> Result<Vec<f32>, MismatchError> {
        self.run(compute, 0..layer + 1, samples)
    }

    fn run(
        &self,
        compute: &mut Compute,
        layers: Range<usize>,
        samples: &Samples,
    ) -> Result<Vec<f32>, MismatchError> {
        self.check(samples)?;
        let of_rows = |rows: &Samples| self.network.infer(compute, layers.clone(), &Source::Samples(rows));
        Ok(samples.map_pieces(of_rows)?)
    }

    fn run_into(
        &self,
        compute: &mut Compute,
        layers: Range<usize>,
        raw: &[f32],
        out: &mut [f32],
    ) -> Result<(), MismatchError> {
        self.input.check_raw(raw)?;
        let outputs = self.network.layers[layers.end - 1].shape.outputs;
        let (expected, found) = (raw.len() / self.architecture.inputs * outputs, out.len());
        if expected != found {
            return Err(MismatchError::Memory { expected, found });
        }
        self.network.infer_into(compute, layers, &Source::Raw(raw, &self.input), out);
        Ok(())
    }

    fn check(&self, samples: &Samples) -> Result<(), MismatchError> {
        let (expected, found) = (self.architecture.inputs, samples.features());
        match expected == found {
            true => Ok(()),
            false => Err(MismatchError::Features { name: "the data".to_owned(), expected, found }),
        }
    }
}

/// Checks that what is as large as the rows themselves may be in memory.
fn check_result(samples: &Samples) -> Result<(), MismatchError> {
    let (rows, bytes) = (samples.rows(), (4 * samples.rows() * samples.features()) as u64);
    match samples.result_limit() {
        Some(limit) if bytes > limit => Err(MismatchError::Reconstructions { rows, bytes, limit }),
        _ => Ok(()),
    }
}

impl Autoencoder {
    /// Checks that architecture, parameters and input belong together.
    ///
    /// # Errors
    /// If they do not.
    pub(crate) fn check(&self) -> Result<(), MismatchError> {
        let Self { architecture, parameters, input } = self;
        architecture.validate()?;
        let (expected, found) = (architecture.inputs, input.schema().features());
        if expected != found {
            return Err(MismatchError::Features { name: "its schema".to_owned(), expected, found });
        }
        check_parameters(&architecture.to_string(), &architecture.layers(), parameters)
    }
}

/// Checks that parameters are those of `layers`, of a model called `what`.
pub(super) fn check_parameters(
    what: &str,
    layers: &[LayerSpec],
    parameters: &Parameters,
) -> Result<(), MismatchError> {
    let wanted = TensorSpec::of_layers(layers);
    if wanted == parameters.tensors() {
        return Ok(());
    }
    let (expected, found) = (wanted.last().map_or(0, |last| last.range.end), parameters.values().len());
    Err(MismatchError::Parameters { what: what.to_owned(), expected, found })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::dataset::{Missing, Normalisation, Schema};
    use crate::model::{HiddenActivation, Initialisation, OutputActivation};

    fn predictor(missing: Missing) -> Predictor {
        let architecture = Architecture {
            inputs: 5,
            hidden: vec![7, 2],
            activation: HiddenActivation::Silu,
            output: OutputActivation::Linear,
        };
        let parameters = Initialisation::Pytorch.draw(&architecture, 3);
        let normalisation =
            Normalisation::new(vec![0.3, 2.0, 1.1, 0.7, 0.9], vec![0.1, -1.0, 0.0, 5.3, 0.2]).unwrap();
        let schema = Schema::rows(5).unwrap().with_missing(missing).unwrap();
        let input = InputSpec::new(normalisation, schema).unwrap();
        Autoencoder { architecture, parameters, input }.predictor().unwrap()
    }

    #[test]
    fn raw_rows_give_the_bits_of_their_samples() {
        let with_gaps: Vec<f32> =
            (0..5 * 70).map(|i| if i % 11 == 3 { f32::NAN } else { (i * 37 % 19) as f32 / 7.0 }).collect();
        let whole: Vec<f32> = with_gaps.iter().map(|x| if x.is_nan() { 0.25 } else { *x }).collect();
        let means = Missing::Fill(vec![0.1, 0.7, 1.3, 2.9, 0.3]);
        for (missing, raw) in [(Missing::Error, &whole), (Missing::Mask, &with_gaps), (means, &with_gaps)] {
            let predictor = predictor(missing);
            for (rows, threads) in [(1, 1), (70, 1), (1, 3), (17, 3), (70, 3)] {
                let mut compute = Compute::new(NonZeroUsize::new(threads).unwrap()).unwrap();
                let raw = &raw[..5 * rows];
                let samples = predictor.input().rows(raw.to_vec()).unwrap();
                let mut codes = vec![f32::NAN; 2 * rows];
                predictor.encode_into(&mut compute, raw, &mut codes).unwrap();
                assert_eq!(codes, predictor.encode(&mut compute, &samples).unwrap());
                let mut reconstructions = vec![f32::NAN; 5 * rows];
                predictor.reconstruct_into(&mut compute, raw, &mut reconstructions).unwrap();
                let expected = predictor.reconstruct(&mut compute, &samples).unwrap();
                assert_eq!(reconstructions, predictor.input().raw(&expected));
            }
        }
    }

    #[test]
    fn raw_rows_that_do_not_fit_are_refused() {
        let (predictor, mut compute) =
            (predictor(Missing::Error), Compute::single(crate::compute::Level::detect()));
        let mut refused = |raw: &[f32], codes: usize| {
            let error = predictor.encode_into(&mut compute, raw, &mut vec![0.0; codes]).unwrap_err();
            error.to_string()
        };
        assert!(refused(&[0.0; 9], 2).contains('9'));
        assert_eq!(refused(&[0.0; 10], 3), "the result has 4 numbers, the memory for it has 3");
        assert!(refused(&[0.0, 0.0, f32::NAN, 0.0, 0.0], 2).contains("row 0, column 2"));
        assert!(refused(&[0.0, 0.0, 0.0, f32::INFINITY, 0.0], 2).contains("inf"));
    }
}
