//! Data stores: what they would lose, and what they come back with.

mod rdb;
pub mod redis;
