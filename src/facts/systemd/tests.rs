//! Whole boots of small trees.
