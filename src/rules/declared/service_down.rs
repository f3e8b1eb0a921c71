//! `declared-service-down`: a service that the site requires does not run.

use super::super::{Cx, Evidence, Findings, Rule};
use crate::fact::{Doubt, Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::declared::{Running, running};

pub(in crate::rules) struct ServiceDown;

impl Rule for ServiceDown {
    fn id(&self) -> &'static str {
        "declared-service-down"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, mut list) = super::of(host, &host.declared().services, |s| &s.common)?;
        list.retain(|service| service.running);
        out.judged = list.len();
        for service in list {
            let name = &service.common.name;
            match running(host, service) {
                Fact::Known(Running::Up) => {}
                Fact::Known(Running::Down(state, place)) => {
                    let message = format!("{name} does not run: it is {state}");
                    let evidence = match place {
                        Some(place) => Evidence::span(place, "its state"),
                        None => Evidence::computed("the running system has no such service"),
                    };
                    out.push(super::finding(
                        self.id(),
                        &service.common,
                        message,
                        evidence,
                    ));
                }
                Fact::Known(Running::Coming(state)) => {
                    let doubt = Doubt::CannotModel(format!("is still {state}"));
                    out.open.push(Unknown::new(name, doubt));
                }
                other => {
                    out.judged -= 1;
                    if let Err(stop) = other.require() {
                        out.stop(stop);
                    }
                }
            }
        }
        out.or_not_applicable("the policy requires no service of this host to run")
    }
}
