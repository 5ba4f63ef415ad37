//! Trains autoencoders.
#![forbid(unsafe_code)]
