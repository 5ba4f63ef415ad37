//! Which levels the other tests run at.

use narrows_kernels::Level;

use crate::support::levels_asked_for;

#[test]
fn a_level_asked_for_that_the_machine_lacks_is_an_error() {
    assert!(levels_asked_for("mmx").is_err());
    assert!(levels_asked_for("scalar,mmx").is_err());
    assert_eq!(levels_asked_for("scalar, scalar"), Ok(vec![Level::scalar(); 2]));
    assert_eq!(levels_asked_for(""), Ok(Vec::new()));
    // No processor has both.
    assert!(levels_asked_for("avx2,neon").is_err());
}

#[test]
fn the_scalar_level_is_first_and_the_widest_is_detected() {
    let levels = Level::available();
    assert_eq!(levels.first(), Some(&Level::scalar()));
    assert_eq!(levels.last(), Some(&Level::detect()));
}
