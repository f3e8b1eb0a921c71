//! `data-galera-bootstraps`: a member of a cluster is told to begin a new one.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::stores::mysql::{data_directory, last, member, options};
use crate::text::escape_path;

pub(in crate::rules) struct GaleraBootstraps;

impl Rule for GaleraBootstraps {
    fn id(&self) -> &'static str {
        "data-galera-bootstraps"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let list = options(host);
        let options = &list.items;
        let is_on = last(options, "wsrep_on").is_some_and(|option| {
            matches!(
                option.value.to_ascii_lowercase().as_str(),
                "on" | "1" | "true" | ""
            )
        });
        let address = last(options, "wsrep_cluster_address");
        let Some(address) = address.filter(|_| is_on) else {
            list.complete()?;
            return Err(Stop::NotApplicable("no Galera is configured"));
        };
        let mut out = Findings::new();
        out.judged = 1;
        out.open.extend(list.gaps.iter().cloned());
        let peers = address.value.strip_prefix("gcomm://");
        let peers = peers.map(|rest| rest.split('?').next().unwrap_or(rest).trim());
        if peers != Some("") {
            return Ok(out);
        }
        let data = data_directory(options);
        let member = match member(host, &data) {
            Fact::Known(member) => member,
            // It was in none: this is its first start.
            Fact::Absent(_) => return Ok(out),
            other => {
                out.gap(&other);
                return Ok(out);
            }
        };
        if !member.was_in_a_cluster {
            return Ok(out);
        }
        let message = "MariaDB is told to begin a cluster of its own (gcomm:// names no other): \
            after a boot it refuses to start, or runs beside the others with data of its own";
        let first = Evidence::span(address.place.clone(), "no other member is named");
        let mut finding = Finding::new(self.id(), escape_path(&data), message, first);
        finding = match member.may_begin {
            Some((true, place)) => finding.with(Evidence::span(place, "it begins one")),
            Some((false, place)) => finding.with(Evidence::span(place, "it refuses as it is now")),
            None => finding,
        };
        out.push(finding);
        Ok(out)
    }
}
