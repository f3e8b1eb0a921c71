//! What.
