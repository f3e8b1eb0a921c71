//! `loader-cannot-read-features`: GRUB does not read the ext4 that its files are on.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::devices::{Device, Match, Spec};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct CannotReadFeatures;

/// Features that no GRUB reads up to 2.12, by their bit of `s_feature_incompat`
/// (Linux 6.1, `fs/ext4/ext4.h`).
const NAMES: [(u32, &str); 7] = [
    (0x1, "compression"),
    (0x400, "ea_inode"),
    (0x1000, "dirdata"),
    (0x2000, "metadata_csum_seed"),
    (0x4000, "large_dir"),
    (0x8000, "inline_data"),
    (0x2_0000, "casefold"),
];

/// Refused by every GRUB; the other two are read by 2.12, and by 2.06 of Debian 12.
const BY_EVERY: u32 = !(0x2000 | 0x4000);

impl Rule for CannotReadFeatures {
    fn id(&self) -> &'static str {
        "loader-cannot-read-features"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::grub(host)?;
        host.devices().require()?;
        let Some(device) = holding(host, &chosen.config) else {
            return Err(Stop::NotApplicable(
                "the device of GRUB's files is not known",
            ));
        };
        let Some(ext) = &device.ext else {
            return Err(Stop::NotApplicable(
                "not an ext2, ext3 or ext4 that was read",
            ));
        };
        let mut out = Findings::new();
        let unread = ext.unread_by_grub(false);
        if unread == 0 {
            return Ok(out);
        }
        let version = chosen.version.as_deref();
        let certain = unread & BY_EVERY != 0;
        // Distributions take over the two that are ignored: only an old upstream refuses.
        let old = version.is_some_and(|v| v.starts_with("2.02") || v.starts_with("2.04"));
        if !certain && !old {
            return Ok(out);
        }
        let names: Vec<&str> = NAMES
            .iter()
            .filter(|(bit, _)| unread & bit != 0)
            .map(|(_, name)| *name)
            .collect();
        let names = if names.is_empty() {
            format!("{unread:#x}")
        } else {
            names.join(", ")
        };
        let node = &device.node;
        let message = format!(
            "GRUB cannot read {node}, which holds its own files: the feature {names} is not known \
             to it"
        );
        let evidence = Evidence::path(&chosen.config, format!("lies on {node}"));
        let finding = Finding::new(self.id(), escape_path(&chosen.config), message, evidence)
            .with(Evidence::computed(format!("{node} has {names}")));
        out.push(if certain {
            finding
        } else {
            finding.confidence(Confidence::Possible)
        });
        Ok(out)
    }
}

/// The device of the file system that holds a path.
fn holding<'a>(host: &'a Host, path: &std::path::Path) -> Option<&'a Device> {
    let Fact::Known(devices) = host.devices() else {
        return None;
    };
    let mounted = host.file_systems().holding(path)?;
    let spec = Spec::of(&mounted.source)?;
    match devices.find(&spec) {
        Match::One(device) => Some(device),
        _ => None,
    }
}
