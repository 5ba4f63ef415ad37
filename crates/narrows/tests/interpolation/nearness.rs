//! Nearness to real points.

use std::num::NonZeroUsize;

use narrows::compute::{Compute, Level};
use narrows::interpolate::quality::frechet::FrechetReference;
use narrows::interpolate::quality::neighbours::{Nearness, References};
use serde::Deserialize;

use crate::golden::{Golden, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Case {
    precision: f64,
    density: f64,
    frechet: f64,
    written_by: serde_json::Value,
}

fn golden() -> Golden<Case> {
    read("interpolation.safetensors")
}

fn computes() -> Vec<Compute> {
    let at = |level, threads| Compute::at(level, NonZeroUsize::new(threads).unwrap()).unwrap();
    Level::available().into_iter().flat_map(|level| [at(level, 1), at(level, 3)]).collect()
}

#[test]
fn nearness_is_that_of_prdc_and_scipy_on_every_level() {
    let Golden { description, tensors } = golden();
    let width = tensors["references"].shape[1];
    let (references, points) = (tensors["references"].singles(), tensors["points"].singles());
    let mut first: Option<Vec<Nearness>> = None;
    for mut compute in computes() {
        let found = References::new(&mut compute, &references, width).nearness(&mut compute, &points);
        assert_eq!(found.len(), tensors["points"].shape[0]);
        for (i, near) in found.iter().enumerate() {
            let of = |name: &str| tensors[name].values[i];
            // A product of 21 numbers and two norms: 30 roundings of 2⁻²⁴, of a cosine of at most 1.
            assert!((f64::from(near.distance) - of("distance")).abs() < 2e-6, "distance {i}: {near:?}");
            assert_eq!(f64::from(u8::from(near.inside)), of("inside"), "precision {i}");
            assert!((f64::from(near.density) - of("density")).abs() < 1e-6, "density {i}");
            // The squared distance is a difference of squared norms, at most a hundred times as large.
            let realism = of("realism");
            assert!(
                (f64::from(near.realism) - realism).abs() < 1e-4 * realism,
                "realism {i}: {near:?}, {realism}"
            );
        }
        let share = |value: fn(&Nearness) -> f64| found.iter().map(value).sum::<f64>() / found.len() as f64;
        assert!((share(|near| f64::from(u8::from(near.inside))) - description.precision).abs() < 1e-12);
        assert!((share(|near| near.density.into()) - description.density).abs() < 1e-6);
        assert!(*first.get_or_insert_with(|| found.clone()) == found, "a level or the threads change a bit");
    }
}

#[test]
fn the_frechet_distance_is_that_of_scipy() {
    let Golden { description, tensors } = golden();
    let width = tensors["references"].shape[1];
    let reference = FrechetReference::new(&tensors["references"].singles(), width).unwrap();
    let found = reference.distance(&tensors["points"].singles()).unwrap();
    assert!((found.distance - description.frechet).abs() < 1e-7 * description.frechet, "{}", found.distance);
    let mean = found.by_point.iter().sum::<f64>() / found.by_point.len() as f64;
    assert!((mean - found.distance).abs() < 1e-9 * found.distance);
    // The reference is at no distance from itself.
    let itself = reference.distance(&tensors["references"].singles()).unwrap();
    assert!(itself.distance.abs() < 1e-6 * description.frechet, "{}", itself.distance);
}

#[test]
fn a_reference_is_no_neighbour_of_itself_and_nothing_has_no_cosine() {
    let mut compute = Compute::single(Level::detect());
    // On a line, at 0, 1, 2 … 9: the third neighbour of 0 is at 3, that of 5 at 2.
    let line: Vec<f32> = (0..10).flat_map(|x| [x as f32, 0.0]).collect();
    let references = References::new(&mut compute, &line, 2);
    let near = references.nearness(&mut compute, &[12.0, 0.0, 12.1, 0.0, 0.0, 4.0, 0.0, 0.0]);
    // The sphere of 9 has the radius 3, and those of three neighbours the greatest radius; it is above the median, 2.
    assert!(near[0].inside && !near[1].inside);
    assert_eq!(near[0].realism, 2.0 / 4.0, "the nearest of the small spheres is that of 8");
    // The sphere of 9 with five neighbours reaches to 14, that of 8 to 12, that of 7 to 10.
    assert_eq!((near[0].density, near[1].density), (2.0 / 5.0, 1.0 / 5.0));
    assert_eq!(near[0].distance, 0.0);
    assert_eq!((near[2].distance, near[3].distance), (1.0, 1.0));
}
