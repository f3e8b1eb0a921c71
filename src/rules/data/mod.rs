//! Rules about data that going down would lose.

mod redis_forgets;
mod redis_starts_empty;
mod redis_unsaved;

pub(super) use redis_forgets::RedisForgets;
pub(super) use redis_starts_empty::RedisStartsEmpty;
pub(super) use redis_unsaved::RedisUnsaved;
