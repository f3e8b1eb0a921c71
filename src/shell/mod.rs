//! Scripts evaluated for a concrete call.
