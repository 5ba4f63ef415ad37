//! The program `narrows`.
fn main() {}
