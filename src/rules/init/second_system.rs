//! `init-second-system`: a service is enabled for an init that will not run.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct SecondSystem;

/// Where systemd's way into a running box is enabled.
const WANTS: &str = "/etc/systemd/system/multi-user.target.wants";

impl Rule for SecondSystem {
    fn id(&self) -> &'static str {
        "init-second-system"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let other = [
            Some(InitKind::SysV),
            Some(InitKind::OpenRcInit),
            Some(InitKind::Runit),
            Some(InitKind::Busybox),
        ];
        if !other.contains(&host.init_kind()) {
            return Err(Stop::NotApplicable(
                "systemd runs the scripts of others too",
            ));
        }
        let mut out = Findings::new();
        let mut units = crate::fact::Listing::new();
        units.append(host.tree().entries(Path::new(WANTS)));
        let mut lost = Vec::new();
        for link in &units.items {
            let name = link.file_name().map(|n| n.to_string_lossy().into_owned());
            let Some(name) = name
                .as_deref()
                .and_then(|name| name.strip_suffix(".service"))
            else {
                continue;
            };
            // Parts of systemd have no counterpart to miss, templates several.
            if name.starts_with("systemd-") || name.contains('@') {
                continue;
            }
            out.judged += 1;
            if leaves_nothing(host, link) {
                continue;
            }
            let has = |path: String| !matches!(host.resolve(Path::new(&path)), Fact::Absent(_));
            let script = has(format!("/etc/init.d/{name}"));
            if !script && !has(format!("/etc/sv/{name}")) {
                lost.push((name.to_owned(), link.clone()));
            }
        }
        let init = host.init_kind().map_or("", InitKind::name);
        for (name, link) in lost {
            let message = format!("{name} is enabled for systemd alone, and {init} is started");
            let evidence = Evidence::path(&link, "only systemd looks here");
            let finding = Finding::new(self.id(), name.clone(), message, evidence)
                .with(Evidence::computed(format!(
                    "no /etc/init.d/{name}, no /etc/sv/{name}"
                )))
                .confidence(Confidence::Likely);
            let essential = super::ESSENTIAL.contains(&name.as_str());
            out.push(if essential {
                finding
            } else {
                finding.at_most(Level::Note)
            });
        }
        out.open.extend(units.gaps);
        Ok(out)
    }
}

/// Whether a unit only tidies up: it ends at once and is not held to be active then, as
/// `e2scrub_reap`, which a box without it does not miss.
fn leaves_nothing(host: &Host, unit: &Path) -> bool {
    let Fact::Known(file) = host.tree().read(unit) else {
        return false;
    };
    let has = |key: &[u8], values: &[&[u8]]| {
        let mut lines = file.lines().map(|(_, line)| line.trim_ascii());
        lines.any(|line| {
            let value = line.strip_prefix(key);
            value.is_some_and(|value| values.contains(&value.trim_ascii()))
        })
    };
    has(b"Type=", &[b"oneshot"]) && !has(b"RemainAfterExit=", &[b"yes", b"true", b"on", b"1"])
}
