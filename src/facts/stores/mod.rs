//! Data stores: what they would lose, and what they come back with.

pub mod mysql;
pub mod places;
mod rdb;
pub mod redis;
