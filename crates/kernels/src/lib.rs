//! The arithmetic of narrows.
