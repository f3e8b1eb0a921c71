//! `init-usr-merge-broken`: /bin, /sbin or /lib leads nowhere, and its content is in
//! /usr.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;

pub(in crate::rules) struct UsrMergeBroken;

/// The names that programs and the kernel use.
const NAMES: [&str; 3] = ["bin", "lib", "sbin"];

impl Rule for UsrMergeBroken {
    fn id(&self) -> &'static str {
        "init-usr-merge-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let mut out = Findings::new();
        for name in NAMES {
            let top = Path::new("/").join(name);
            let below = Path::new("/usr").join(name);
            let (what, evidence) = match host.tree().resolve(&top) {
                Fact::Known(found) if found.meta.kind == FileKind::Dir => continue,
                Fact::Known(found) => {
                    let kind = found.meta.kind.noun();
                    let evidence = Evidence::path(&top, format!("is {kind}"));
                    (format!("/{name} is {kind}, not a directory"), evidence)
                }
                Fact::Absent(looked) if looked.notes.is_empty() => {
                    (format!("/{name} is missing"), Evidence::from(&looked))
                }
                Fact::Absent(looked) => (
                    format!("/{name} is a link to nowhere"),
                    Evidence::from(&looked),
                ),
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            let content = match host.tree().list(&below) {
                Fact::Known(names) if !names.is_empty() => names.len(),
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {
                    continue;
                }
            };
            let message = format!("{what}, and {content} files that belong below it are in /usr");
            let finding = Finding::new(self.id(), format!("/{name}"), message, evidence)
                .with(Evidence::path(&below, format!("{content} names")))
                .follows(&["init-missing", "init-cannot-start"])
                .fix(
                    "Put the link back:",
                    &[&format!("ln -s usr/{name} /{name}")],
                );
            out.push(finding);
        }
        Ok(out)
    }
}
