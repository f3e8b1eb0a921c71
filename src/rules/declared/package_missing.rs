//! `declared-package-missing`: a package that the site requires is not installed.

use super::super::{Cx, Evidence, Findings, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;

pub(in crate::rules) struct PackageMissing;

impl Rule for PackageMissing {
    fn id(&self) -> &'static str {
        "declared-package-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, list) = super::of(host, &host.declared().packages, |p| &p.common)?;
        let packages = match host.packages() {
            Fact::Known(packages) => Some(packages),
            Fact::Absent(_) => None,
            other => return other.require().map(|_| out),
        };
        for package in list {
            let name = &package.common.name;
            if packages.is_some_and(|packages| packages.has(name)) {
                continue;
            }
            if let Some(packages) = packages
                && let Err(gap) = packages.all_read()
            {
                out.open.push(gap);
                continue;
            }
            let message = format!("package {name} is not installed");
            let evidence = Evidence::computed("no package database of this box has it");
            out.push(super::finding(
                self.id(),
                &package.common,
                message,
                evidence,
            ));
        }
        Ok(out)
    }
}
