//! `init-cannot-start`: what the boot takes for its init ends at once, or cannot be
//! executed after all.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::init::Ending;
use crate::facts::linkage::FailureKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct CannotStart;

impl Rule for CannotStart {
    fn id(&self) -> &'static str {
        "init-cannot-start"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = Findings::new();
        let Ending::Dies(candidate, program, failure) = super::ending(host)? else {
            return Ok(out);
        };
        let name = escape_path(&candidate.path);
        let message = format!("the kernel panics: {}", failure.message);
        let mut pieces = super::evidence(failure).into_iter();
        let first = pieces.next();
        let first = first.unwrap_or_else(|| Evidence::path(&candidate.path, "does not start"));
        let mut finding = Finding::new(self.id(), name.clone(), message, first).with_all(pieces);
        if program.found.path != candidate.path {
            let text = format!("-> {}", escape_path(&program.found.path));
            finding = finding.with(Evidence::path(&candidate.path, text));
        }
        let linkage = host.linkage(&candidate.path);
        finding = finding.with_all(linkage.more.iter().flat_map(super::evidence));
        let tried = host.init().boot.starter.name();
        let text = format!("{tried} takes {name} and tries nothing after it");
        finding = finding.with(Evidence::computed(text));
        if let Some(advice) = advice(failure.kind) {
            finding = finding.fix(advice, &[]);
        }
        out.push(finding);
        Ok(out)
    }
}

/// The cure by what is wrong.
const fn advice(kind: FailureKind) -> Option<&'static str> {
    Some(match kind {
        FailureKind::LibraryMissing | FailureKind::LibraryBroken => {
            "Reinstall the package of that library, and run ldconfig, before the next reboot."
        }
        FailureKind::VersionMissing | FailureKind::LoaderSkew => {
            "An upgrade stopped half-way: finish it (apt-get --fix-broken install; dpkg \
             --configure -a) before the next reboot."
        }
        FailureKind::LoaderMissing | FailureKind::LoaderBroken => {
            "Put the loader, or the link that leads to it, back: it belongs to the C library's \
             package."
        }
        _ => return None,
    })
}
