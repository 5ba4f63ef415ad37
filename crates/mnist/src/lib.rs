//! MNIST, embedded.
