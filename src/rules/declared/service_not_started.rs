//! `declared-service-not-started`: the next boot does not start a service that the site
//! requires.

use super::super::{Cx, Evidence, Findings, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::declared::{Starting, starting};

pub(in crate::rules) struct ServiceNotStarted;

impl Rule for ServiceNotStarted {
    fn id(&self) -> &'static str {
        "declared-service-not-started"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, mut list) = super::of(host, &host.declared().services, |s| &s.common)?;
        list.retain(|service| service.enabled);
        out.judged = list.len();
        if !list.is_empty() {
            // Which init it is decides what is read.
            host.must_start()?;
        }
        for service in list {
            let name = &service.common.name;
            let (message, evidence) = match starting(host, service) {
                Fact::Known(Starting::Starts) => continue,
                Fact::Known(Starting::Fails(why)) => {
                    let evidence = Evidence::computed(format!("the boot starts {name}; {why}"));
                    (format!("{name} does not come up: {why}"), evidence)
                }
                Fact::Known(Starting::Not(why, file)) => {
                    let evidence = match file {
                        Some(file) => Evidence::path(file, "it is there, and not started"),
                        None => Evidence::computed(format!("of {name}: {why}")),
                    };
                    (
                        format!("the next boot does not start {name}: {why}"),
                        evidence,
                    )
                }
                other => {
                    out.judged -= 1;
                    if let Err(stop) = other.require() {
                        out.stop(stop);
                    }
                    continue;
                }
            };
            out.push(super::finding(
                self.id(),
                &service.common,
                message,
                evidence,
            ));
        }
        out.or_not_applicable("the policy requires no service of this host to be started")
    }
}
