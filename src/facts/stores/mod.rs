//! Data stores: what they would lose, and what they come back with.

pub mod mysql;
pub mod places;
pub mod postgres;
mod rdb;
pub mod redis;
