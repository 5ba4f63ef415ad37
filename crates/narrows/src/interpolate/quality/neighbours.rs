//! How near images lie to real ones: distances in φ from each image to all references, as blocked products.
//!
//! With φ of the references as the weights of a dense layer, `φ·Φᵀ` is that layer's output. 64 images at a time meet 256
//! references at a time, whose 16 × 256 products are used up while they are in the cache: no matrix of all distances is
//! ever there. `‖a − b‖² = ‖a‖² + ‖b‖² − 2·a·b`.

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape, Rows, RowsMut, row_stride};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Activation, Aligned, Layer, forward};

use crate::compute::Compute;
use crate::evaluate::as_forward_tiles;

/// Neighbours that make a reference's sphere for precision and realism (Kynkäänniemi et al. 2019).
pub const PRECISION_NEIGHBOURS: usize = 3;

/// Neighbours that make a reference's sphere for density (Naeem et al. 2020).
pub const DENSITY_NEIGHBOURS: usize = 5;

/// References that are multiplied at a time: their 128 features are 128 kB, which the second cache holds.
const CHUNK: usize = 256;

/// `‖a‖² + ‖b‖² − 2·a·b` is known to so much of ‖a‖² + ‖b‖²: a smaller square is taken for this, lest an image that all but
/// equals a reference be infinitely realistic.
const RESOLUTION: f32 = 1.0 / (1 << 21) as f32;

/// Images in one piece of work.
const PART_ROWS: usize = 4 * BLOCK_ROWS;

/// Real images as points φ, each with the spheres that its nearest fellows make.
#[derive(Clone, Debug)]
pub struct References {
    points: Points,
    /// Squares of the distances to the third neighbour.
    precision: Vec<f32>,
    /// The same, but 0 where it is above the median: a large sphere stands in a sparse region and would call everything in
    /// it realistic.
    realism: Vec<f32>,
    /// Squares of the distances to the fifth neighbour.
    density: Vec<f32>,
}

/// How an image lies among the references.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nearness {
    /// 1 − the greatest cosine of its φ and a reference's: the distance to data.
    pub distance: f32,
    /// Whether it lies in some reference's sphere of 3 neighbours: k-NN precision is the share of such images.
    pub inside: bool,
    /// max_r radius_r / ‖φ − φ_r‖, over the half of the references that have the smaller spheres.
    pub realism: f32,
    /// How many spheres of 5 neighbours it lies in, over 5.
    pub density: f32,
}

impl References {
    /// The spheres of `features` (rows × `width`): the distances of each row to its third and fifth nearest among the others.
    ///
    /// # Panics
    /// If there are not more rows than neighbours are asked for, or they are not whole.
    pub fn new(compute: &mut Compute, features: &[f32], width: usize) -> Self {
        let points = Points::new(features, width);
        assert!(
            points.rows > DENSITY_NEIGHBOURS,
            "{} references, {DENSITY_NEIGHBOURS} neighbours",
            points.rows
        );
        let squares = points.nearest_squares(compute, features);
        let precision: Vec<f32> = squares.iter().map(|squares| squares[PRECISION_NEIGHBOURS - 1]).collect();
        let density = squares.iter().map(|squares| squares[DENSITY_NEIGHBOURS - 1]).collect();
        let median = median_root(&precision);
        let small = |&square: &f32| if f64::from(square).sqrt() > median { 0.0 } else { square };
        let realism = precision.iter().map(small).collect();
        Self { points, precision, realism, density }
    }

    /// How each of `features` (rows × width) lies among the references.
    pub fn nearness(&self, compute: &mut Compute, features: &[f32]) -> Vec<Nearness> {
        let tally = Tally { cosine: f32::NEG_INFINITY, inside: false, realism: 0.0, spheres: 0 };
        let mut tallies = vec![tally; features.len() / self.points.width];
        self.points.meet(compute, features, &mut tallies, |tally, met| {
            let of = met.first..met.first + met.products.len();
            tally.add(
                met,
                &self.points.inverse_norms[of.clone()],
                &self.points.squares[of.clone()],
                [&self.precision[of.clone()], &self.realism[of.clone()], &self.density[of]],
            );
        });
        let norms = features.chunks_exact(self.points.width).map(|row| inverse(square(row)));
        let finish = |(tally, inverse_norm): (Tally, f32)| Nearness {
            // A cosine may round to more than 1.
            distance: (1.0 - tally.cosine * inverse_norm).max(0.0),
            inside: tally.inside,
            realism: tally.realism.sqrt(),
            density: tally.spheres as f32 / DENSITY_NEIGHBOURS as f32,
        };
        tallies.into_iter().zip(norms).map(finish).collect()
    }
}

/// What is known of an image after some of the references.
#[derive(Clone, Copy, Debug)]
struct Tally {
    /// The greatest cosine, times the norm of the image's φ.
    cosine: f32,
    inside: bool,
    /// A square.
    realism: f32,
    spheres: u32,
}

impl Tally {
    /// Sixteen running results side by side, so that the compiler needs no order among them; none depends on an order.
    fn add(&mut self, met: &Met<'_>, inverse_norms: &[f32], squares: &[f32], spheres: [&[f32]; 3]) {
        let mut lanes = TallyLanes {
            cosine: [self.cosine; LANES],
            inside: [u32::from(self.inside); LANES],
            realism: [self.realism; LANES],
            count: [0; LANES],
        };
        let columns = [met.products, inverse_norms, squares, spheres[0], spheres[1], spheres[2]];
        let whole = met.products.len() / LANES * LANES;
        for start in (0..whole).step_by(LANES) {
            let sixteen = columns.map(|column| column[start..].first_chunk().expect("sixteen are left"));
            lanes.add(met.square, sixteen);
        }
        if whole < met.products.len() {
            // Points infinitely far, which change nothing.
            let mut padded =
                [f32::NEG_INFINITY, 1.0, f32::INFINITY, 0.0, 0.0, 0.0].map(|nothing| [nothing; LANES]);
            for (padded, column) in padded.iter_mut().zip(columns) {
                padded[..column.len() - whole].copy_from_slice(&column[whole..]);
            }
            lanes.add(met.square, padded.each_ref());
        }
        self.cosine = lanes.cosine.into_iter().fold(f32::NEG_INFINITY, f32::max);
        self.realism = lanes.realism.into_iter().fold(0.0, f32::max);
        self.inside = lanes.inside.iter().any(|&inside| inside > 0);
        self.spheres += lanes.count.iter().sum::<u32>();
    }
}

const LANES: usize = 16;

/// A [`Tally`] of sixteen points side by side.
struct TallyLanes {
    cosine: [f32; LANES],
    inside: [u32; LANES],
    realism: [f32; LANES],
    count: [u32; LANES],
}

impl TallyLanes {
    fn add(
        &mut self,
        own_square: f32,
        [products, inverse_norms, squares, precision, small, density]: [&[f32; LANES]; 6],
    ) {
        let greater = |a: f32, b: f32| if b > a { b } else { a };
        for lane in 0..LANES {
            let both = own_square + squares[lane];
            let square = greater(both - 2.0 * products[lane], RESOLUTION * both);
            self.cosine[lane] = greater(self.cosine[lane], products[lane] * inverse_norms[lane]);
            self.inside[lane] |= u32::from(square <= precision[lane]);
            self.count[lane] += u32::from(square <= density[lane]);
            // A NaN, of 0/0, is no maximum.
            self.realism[lane] = greater(self.realism[lane], small[lane] / square);
        }
    }
}

/// Points as the weights of a dense layer, 256 at a time.
#[derive(Clone, Debug)]
struct Points {
    width: usize,
    rows: usize,
    /// Forward tiles, chunk after chunk.
    chunks: Vec<(LayerShape, Aligned)>,
    squares: Vec<f32>,
    inverse_norms: Vec<f32>,
}

/// An image that meets some points.
struct Met<'a> {
    /// Which image.
    row: usize,
    /// ‖φ‖² of the image.
    square: f32,
    /// The first of the points.
    first: usize,
    /// φ·φ_r of each of the points.
    products: &'a [f32],
}

impl Points {
    fn new(features: &[f32], width: usize) -> Self {
        assert!(features.len().is_multiple_of(width), "{} numbers are not rows of {width}", features.len());
        let chunks = features.chunks(CHUNK * width).map(|rows| {
            let shape = LayerShape { inputs: width, outputs: rows.len() / width };
            (shape, as_forward_tiles(shape, rows))
        });
        let squares: Vec<f32> = features.chunks_exact(width).map(square).collect();
        let inverse_norms = squares.iter().map(|&square| inverse(square)).collect();
        Self { width, rows: squares.len(), chunks: chunks.collect(), squares, inverse_norms }
    }

    /// Calls `visit` for every image of `features` and every chunk of points, with what belongs to the image.
    fn meet<T: Send>(
        &self,
        compute: &mut Compute,
        features: &[f32],
        results: &mut [T],
        visit: impl Fn(&mut T, &Met<'_>) + Sync,
    ) {
        let (rows, level, width) = (results.len(), compute.level, self.width);
        let bias = vec![0.0; CHUNK];
        let parts = rows.div_ceil(PART_ROWS);
        let bounds = Bounds::new((0..=parts).map(|part| (part * PART_ROWS).min(rows)).collect());
        compute.team.for_each([Split::new(results, &bounds)], |part, [results]| {
            let (stride, out_stride) = (row_stride(width), row_stride(CHUNK));
            let mut x = Aligned::zeros(PART_ROWS * stride);
            let mut y = Aligned::zeros(BLOCK_ROWS * out_stride);
            let first_row = part * PART_ROWS;
            let own = &features[first_row * width..][..results.len() * width];
            for (row, x) in own.chunks_exact(width).zip(x.chunks_exact_mut(stride)) {
                x[..width].copy_from_slice(row);
            }
            let squares: Vec<f32> = own.chunks_exact(width).map(square).collect();
            let mut first = 0;
            for (shape, weights) in &self.chunks {
                let bias = &bias[..shape.bias_len()];
                let layer = Layer { shape: *shape, weights, bias };
                for (block, results) in results.chunks_mut(BLOCK_ROWS).enumerate() {
                    let x = Rows { data: &x[block * BLOCK_ROWS * stride..], stride };
                    forward(
                        level,
                        layer,
                        Activation::Identity,
                        x,
                        RowsMut { data: &mut y, stride: out_stride },
                        None,
                    );
                    for (i, result) in results.iter_mut().enumerate() {
                        let products = &y[i * out_stride..][..shape.outputs];
                        let own = block * BLOCK_ROWS + i;
                        visit(result, &Met { row: first_row + own, square: squares[own], first, products });
                    }
                }
                first += shape.outputs;
            }
        });
    }

    /// Of each point the squares of the distances to its nearest fellows, in ascending order.
    fn nearest_squares(&self, compute: &mut Compute, features: &[f32]) -> Vec<[f32; DENSITY_NEIGHBOURS]> {
        let mut nearest = vec![[f32::INFINITY; DENSITY_NEIGHBOURS]; self.rows];
        self.meet(compute, features, &mut nearest, |nearest, met| {
            for (i, &product) in met.products.iter().enumerate() {
                let reference = met.first + i;
                let both = met.square + self.squares[reference];
                let square = (both - 2.0 * product).max(RESOLUTION * both);
                if square < nearest[DENSITY_NEIGHBOURS - 1] && reference != met.row {
                    let place = nearest.partition_point(|&other| other <= square);
                    nearest[place..].rotate_right(1);
                    nearest[place] = square;
                }
            }
        });
        nearest
    }
}

fn square(row: &[f32]) -> f32 {
    row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() as f32
}

/// 1/‖φ‖; of nothing, 0, so that its cosine with anything is 0.
fn inverse(square: f32) -> f32 {
    if square > 0.0 { square.sqrt().recip() } else { 0.0 }
}

/// The median of the roots: of an even number, the mean of the two in the middle.
fn median_root(squares: &[f32]) -> f64 {
    let mut roots: Vec<f64> = squares.iter().map(|&square| f64::from(square).sqrt()).collect();
    roots.sort_by(f64::total_cmp);
    let middle = roots.len() / 2;
    if roots.len().is_multiple_of(2) { 0.5 * (roots[middle - 1] + roots[middle]) } else { roots[middle] }
}
