//! `packages-init-providers-clash`: two packages bring /sbin/init.

use crate::fact::Stop;
use crate::facts::{Host, INIT_PACKAGES};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct InitProvidersClash;

impl Rule for InitProvidersClash {
    fn id(&self) -> &'static str {
        "packages-init-providers-clash"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let dpkg = super::dpkg(host)?;
        let mut out = Findings::new();
        let names = INIT_PACKAGES.map(|(name, _)| name);
        let there = dpkg
            .packages
            .iter()
            .filter(|p| p.is_installed() && names.contains(&p.name.as_str()));
        let there: Vec<_> = there.collect();
        out.judged = there.len();
        let [first, rest @ ..] = there.as_slice() else {
            return Ok(out);
        };
        if rest.is_empty() {
            return Ok(out);
        }
        let names: Vec<&str> = there.iter().map(|p| p.name.as_str()).collect();
        let message = format!(
            "{} are installed, and each brings /sbin/init",
            names.join(" and ")
        );
        let evidence = |package: &crate::parse::dpkg::Package| {
            let text = format!("{} {}", package.name, package.version());
            Evidence::span(package.place.clone(), text)
        };
        let finding = Finding::new(self.id(), "init", message, evidence(first));
        out.push(finding.with_all(rest.iter().map(|package| evidence(package))));
        Ok(out)
    }
}
