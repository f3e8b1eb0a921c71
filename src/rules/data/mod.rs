//! Rules about data that going down would lose, or that is not there after it.

mod galera_bootstraps;
mod place_emptied;
mod postgres_refuses;
mod redis_forgets;
mod redis_saves_refused;
mod redis_starts_empty;
mod redis_unsaved;

pub(super) use galera_bootstraps::GaleraBootstraps;
pub(super) use place_emptied::PlaceEmptied;
pub(super) use postgres_refuses::PostgresRefuses;
pub(super) use redis_forgets::RedisForgets;
pub(super) use redis_saves_refused::RedisSavesRefused;
pub(super) use redis_starts_empty::RedisStartsEmpty;
pub(super) use redis_unsaved::RedisUnsaved;

use super::Findings;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::stores::redis::Server;

/// The running servers of Redis, each judged, with what is not known of them.
fn servers(host: &Host) -> Result<(Findings, &[Server]), Stop> {
    let servers = host.redis();
    if servers.items.is_empty() {
        servers.complete()?;
        return Err(Stop::NotApplicable("no Redis runs"));
    }
    let mut out = Findings::new();
    out.judged = servers.items.len();
    out.open.extend(servers.gaps.iter().cloned());
    Ok((out, &servers.items))
}
