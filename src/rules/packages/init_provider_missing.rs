//! `packages-init-provider-missing`: no installed package brings an init.

use crate::fact::Stop;
use crate::facts::init::{InitKind, State};
use crate::facts::{Host, INIT_PACKAGES};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct InitProviderMissing;

impl Rule for InitProviderMissing {
    fn id(&self) -> &'static str {
        "packages-init-provider-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let packages = super::databases(host)?;
        if packages.dpkg.is_none() && packages.portage.is_none() {
            return Err(Stop::NotApplicable(
                "which packages bring an init is not known of this package manager",
            ));
        }
        if !packages.unread.is_empty() {
            return Err(Stop::NotApplicable("this package database is not read yet"));
        }
        let mut out = Findings::new();
        let mut provided = INIT_PACKAGES.iter().map(|(name, _)| *name);
        if provided.any(|name| packages.has(name)) {
            return Ok(out);
        }
        // Gentoo: systemd and openrc-init come with packages of those names.
        let gentoo = packages.portage.is_some();
        let openrc = packages.version_of("openrc").is_some_and(has_openrc_init);
        if gentoo && (packages.has("systemd") || openrc) {
            return Ok(out);
        }
        let names: Vec<&str> = INIT_PACKAGES.iter().map(|(name, _)| *name).collect();
        let which = if packages.dpkg.is_some() {
            "dpkg's status file lists none of"
        } else {
            "/var/db/pkg lists none of"
        };
        let text = format!("{which} {}", names.join(", "));
        let message = "no installed package brings an init";
        let mut finding = Finding::new(self.id(), "init", message, Evidence::computed(text))
            .follows(&["init-missing"]);
        let unmanaged = host.init().candidates.iter().find_map(|candidate| {
            let State::Starts(program) = &candidate.state else {
                return None;
            };
            Some((candidate, program))
        });
        if let Some((candidate, program)) = unmanaged {
            // An init made by hand boots; one left behind by a removal may not.
            let text = format!("{} is there, and no package owns it", program.kind.name());
            finding = finding
                .with(Evidence::path(&candidate.path, text))
                .confidence(Confidence::Possible)
                .at_most(match program.kind {
                    InitKind::Systemd | InitKind::SysV => Level::Warn,
                    _ => Level::Note,
                });
        }
        out.push(finding);
        Ok(out)
    }
}

/// Whether this version of OpenRC has an init of its own (NEWS: since 0.25; 9999 is
/// the live ebuild). Before, it runs below sysvinit.
fn has_openrc_init(version: &str) -> bool {
    crate::facts::kernels::version_in(version)
        .is_none_or(|version| version >= crate::facts::kernels::Version(0, 25, 0))
}
