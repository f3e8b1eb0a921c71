//! `data-postgres-refuses`: what lies in the directory of a `PostgreSQL` keeps it from
//! starting.

use super::super::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::bare_names;
use crate::facts::stores::postgres::{Refusal, clusters, refusal};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct PostgresRefuses;

impl Rule for PostgresRefuses {
    fn id(&self) -> &'static str {
        "data-postgres-refuses"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let list = clusters(host);
        if list.items.is_empty() {
            list.complete()?;
            return Err(Stop::NotApplicable("there is no data of a PostgreSQL"));
        }
        let mut out = Findings::new();
        out.open.extend(list.gaps);
        let is_enabled = bare_names(host).any(|name| name.starts_with("postgresql"));
        for cluster in list.items {
            out.judged += 1;
            let found = refusal(host, &cluster);
            out.gap(&found);
            let Fact::Known(found) = found else { continue };
            let (name, wanted) = (
                escape(cluster.name.as_bytes()),
                cluster.version.as_deref().unwrap_or("?"),
            );
            let (why, evidence) = match found {
                Refusal::Version(own, place) => {
                    let own = escape(own.as_bytes());
                    let wanted = escape(wanted.as_bytes());
                    let why = format!("its data is of version {own}, and the server is {wanted}");
                    (why, Evidence::span(place, "the version of the data"))
                }
                Refusal::RecoveryConf(path) => {
                    let why = format!("{} is refused since version 12", escape_path(&path));
                    (
                        why,
                        Evidence::path(path, "a server of now does not start beside it"),
                    )
                }
                Refusal::NoRestoreCommand(path) => {
                    let shown = escape_path(&path);
                    let why =
                        format!("{shown} asks for a recovery, and there is no restore_command");
                    (why, Evidence::path(path, "asks for a recovery"))
                }
            };
            let message = format!("PostgreSQL {name} does not start: {why}");
            let finding = Finding::new(self.id(), name, message, evidence)
                .follows(&["packages-boundary-crossed"]);
            out.push(match cluster.by_hand {
                Some(place) => finding
                    .at_most(Level::Note)
                    .with(Evidence::span(place, "somebody starts it by hand")),
                None if is_enabled => finding,
                None => finding.at_most(Level::Note),
            });
        }
        Ok(out)
    }
}
