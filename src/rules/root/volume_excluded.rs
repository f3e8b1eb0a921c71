//! `root-volume-excluded`: lvm.conf keeps LVM from activating the volume of the root.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::RootForm;
use crate::facts::devices::volume_of;
use crate::parse::lvm_conf;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct VolumeExcluded;

/// Lists that decide what is activated (lvm.conf(5), LVM 2.03.16); one that is there
/// and empty lets nothing through.
const LISTS: [&str; 2] = ["auto_activation_volume_list", "volume_list"];

impl Rule for VolumeExcluded {
    fn id(&self) -> &'static str {
        "root-volume-excluded"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let value = root.value.as_ref();
        let Some(value) = value.filter(|value| value.form == RootForm::StableName) else {
            return Err(Stop::NotApplicable("root= names no volume of LVM"));
        };
        let text = String::from_utf8_lossy(&value.text).into_owned();
        let Some((group, volume)) = volume(&text) else {
            return Err(Stop::NotApplicable("root= names no volume of LVM"));
        };
        let initrd = match host.initrd() {
            Fact::Known(facts) => facts.content("etc/lvm/lvm.conf").map(<[u8]>::to_vec),
            _ => None,
        };
        let own = host.tree().read(Path::new("/etc/lvm/lvm.conf"));
        let mut out = Findings::new();
        out.gap(&own);
        let (config, path, certain) = match (&initrd, &own, host.initrd()) {
            (Some(inside), _, Fact::Known(facts)) => {
                let path = facts.files.last().map(|file| file.path.clone());
                (inside.as_slice(), path, true)
            }
            (None, Fact::Known(file), _) => (file.bytes(), Some(file.path().to_path_buf()), false),
            _ => return Ok(out),
        };
        let Some(path) = path else { return Ok(out) };
        for name in LISTS {
            let Some(items) = lvm_conf::list(config, "activation", name) else {
                continue;
            };
            // Tags are of the volumes themselves.
            let open = items.iter().any(|item| item.starts_with('@'));
            let full = format!("{group}/{volume}");
            if open || items.iter().any(|item| *item == group || *item == full) {
                continue;
            }
            let shown = escape(full.as_bytes());
            let message = format!(
                "the root is {shown}, which {name} of lvm.conf leaves out: it is not activated"
            );
            let label = format!("{name} = [ {} ]", items.join(", "));
            let evidence = Evidence::path(&path, escape(label.as_bytes()));
            let finding = Finding::new(self.id(), escape_path(&path), message, evidence)
                .with(super::line(root, "the root"));
            out.push(if certain {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
            break;
        }
        Ok(out)
    }
}

/// Group and volume of a name.
fn volume(text: &str) -> Option<(String, String)> {
    if text.starts_with("/dev/mapper/") {
        return volume_of(text);
    }
    let rest = text.strip_prefix("/dev/")?;
    let (group, volume) = rest.split_once('/')?;
    let other = ["disk", "md", "mapper", "block"].contains(&group);
    (!other && !volume.contains('/')).then(|| (group.to_owned(), volume.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_a_volume_give_group_and_volume() {
        let both = Some(("vg".to_owned(), "root".to_owned()));
        assert_eq!(volume("/dev/mapper/vg-root"), both);
        assert_eq!(volume("/dev/vg/root"), both);
        assert_eq!(volume("/dev/disk/by-id/x"), None);
    }
}
