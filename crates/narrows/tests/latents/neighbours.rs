//! Nearest neighbours against plain loops in f64.

use std::num::NonZeroUsize;

use narrows::compute::{Compute, Level};
use narrows::evaluate::{Itself, Points, References};

use crate::{compute, random};

/// All references by their distance to a query, the nearest first.
fn in_order(query: &[f32], references: &[f32]) -> Vec<(f64, usize)> {
    let distance = |reference: &[f32]| -> f64 {
        query.iter().zip(reference).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let mut all: Vec<(f64, usize)> =
        references.chunks_exact(query.len()).map(distance).enumerate().map(|(i, d)| (d, i)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

#[test]
fn they_are_those_of_a_plain_loop_for_every_tail() {
    // Pieces are of 512 references, blocks of 16 queries, parts of 64.
    for (queries, references, dimension, k) in
        [(1, 1, 1, 1), (15, 511, 3, 5), (16, 512, 16, 1), (65, 513, 17, 12), (130, 1100, 45, 7)]
    {
        let (q, r) = (random(queries * dimension, 1), random(references * dimension, 2));
        let found = References::new(Points::new(&r, dimension)).nearest(
            &mut compute(),
            Points::new(&q, dimension),
            k,
            Itself::Counts,
        );
        assert_eq!(found.len(), queries * k);
        for (query, found) in q.chunks_exact(dimension).zip(found.chunks_exact(k)) {
            let expected: Vec<u32> = in_order(query, &r)[..k].iter().map(|&(_, i)| i as u32).collect();
            assert_eq!(found, expected, "{queries} queries, {references} references of {dimension}");
        }
    }
}

#[test]
fn points_far_from_0_are_told_apart() {
    // Products of such numbers have an error of 2⁻²⁴·1000², more than the distances here; relative to the mean they do not.
    let r: Vec<f32> = random(300, 3).iter().map(|x| 1000.0 + x).collect();
    let found =
        References::new(Points::new(&r, 3)).nearest(&mut compute(), Points::new(&r, 3), 1, Itself::Counts);
    assert_eq!(found, (0..100).collect::<Vec<u32>>(), "everyone is nearest to himself");
}

#[test]
fn a_row_is_left_out_of_its_own_neighbours_but_its_twin_is_not() {
    let r = [0.0, 1.0, 1.0, 5.0, 0.0_f32];
    let points = Points::new(&r, 1);
    let nearest = |itself| References::new(points).nearest(&mut compute(), points, 2, itself);
    assert_eq!(nearest(Itself::LeftOut), [4, 1, 2, 0, 1, 0, 1, 2, 0, 1]);
    assert_eq!(nearest(Itself::Counts), [0, 4, 1, 2, 1, 2, 3, 1, 0, 4], "of equally near ones the first");
}

#[test]
fn threads_and_instruction_sets_do_not_matter() {
    let (q, r) = (random(70 * 19, 4), random(700 * 19, 5));
    let references = References::new(Points::new(&r, 19));
    let found = |level, threads| {
        let mut compute = Compute::at(level, NonZeroUsize::new(threads).unwrap()).unwrap();
        references.nearest(&mut compute, Points::new(&q, 19), 9, Itself::Counts)
    };
    let expected = found(Level::scalar(), 1);
    for threads in [1, 2, 3, 5] {
        assert_eq!(found(Level::detect(), threads), expected);
    }
}

#[test]
#[should_panic(expected = "3 neighbours of 2")]
fn more_neighbours_than_there_are_is_refused() {
    let r = [0.0, 1.0, 2.0_f32];
    References::new(Points::new(&r, 1)).nearest(&mut compute(), Points::new(&r, 1), 3, Itself::LeftOut);
}
