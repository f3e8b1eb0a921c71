//! `packages-dependency-unmet`: a package of the boot lacks what it depends on.

use super::critical;
use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::dpkg::{Alternative, Operator};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Rule};

pub(in crate::rules) struct DependencyUnmet;

impl Rule for DependencyUnmet {
    fn id(&self) -> &'static str {
        "packages-dependency-unmet"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let dpkg = super::dpkg(host)?;
        let mut out = Findings::new();
        for package in dpkg.packages.iter().filter(|p| p.is_installed()) {
            let name = package.name.as_str();
            let boots = critical::boots(name);
            if !boots && !critical::connects(name) {
                continue;
            }
            out.judged += 1;
            let unmet = dpkg.unmet(package);
            if unmet.is_empty() {
                continue;
            }
            let shown: Vec<String> = unmet.iter().map(|group| words(group)).collect();
            let message = format!(
                "package {name} lacks what it depends on: {}",
                shown.join(", ")
            );
            let evidence = Evidence::span(package.place.clone(), format!("package {name}"));
            let mut finding = Finding::new(self.id(), name, message, evidence)
                .follows(&["packages-half-configured"]);
            for wanted in unmet.iter().flatten() {
                let there = dpkg.named(&wanted.name).find(|p| p.state.has_files());
                if let Some(there) = there {
                    let text = format!(
                        "{} {} is {}",
                        there.name,
                        there.version(),
                        there.state.word()
                    );
                    finding = finding.with(Evidence::span(there.place.clone(), text));
                }
            }
            if !boots {
                finding = finding.impact(&[Impact::NoNetwork, Impact::NoAccess]);
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// `a (>= 1) | b`.
fn words(group: &[Alternative]) -> String {
    let shown = group.iter().map(|wanted| match &wanted.version {
        None => wanted.name.clone(),
        Some((operator, version)) => {
            let sign = match operator {
                Operator::Earlier => "<<",
                Operator::EarlierOrEqual => "<=",
                Operator::Equal => "=",
                Operator::LaterOrEqual => ">=",
                Operator::Later => ">>",
            };
            format!("{} ({sign} {version})", wanted.name)
        }
    });
    shown.collect::<Vec<_>>().join(" | ")
}
