//! `mount-type-mismatch`: fstab gives a device another type than what is on it.

use super::{Looked, field, found, look};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::crypt::Unlock;
use crate::facts::devices::{Device, Match};
use crate::facts::mounts::{Consequence, Failure, Manager, Mounts, Outcome, Plan, Role};
use crate::rules::{Confidence, Cx, Evidence, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct TypeMismatch;

impl Rule for TypeMismatch {
    fn id(&self) -> &'static str {
        "mount-type-mismatch"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            let Some(spec) = &plan.device else { continue };
            // The remount of the root looks at no type, and what begins further in, or is
            // made anew at each boot, is not what the list has.
            let root = plan.role == Role::Root || consequence.outcome == Outcome::RootReadOnly;
            let inside = ["loop", "offset", "encryption"];
            let inside = inside.iter().any(|name| plan.entry.option(name).is_some());
            let made = host.crypt().making(spec);
            let anew = made.is_some_and(Unlock::is_made_anew);
            if root || plan.is_bind() || inside || anew {
                continue;
            }
            match look(host, spec) {
                Looked::There => {}
                // A device that is not there has a rule of its own.
                Looked::Missing(_) => continue,
                Looked::Open(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Looked::Uncovered(why) => {
                    out.uncovered.push(why);
                    continue;
                }
            }
            let Fact::Known(devices) = host.devices() else {
                continue;
            };
            let Match::One(device) = devices.find(spec) else {
                continue;
            };
            let Some(own) = device.fs.as_deref() else {
                continue;
            };
            out.judged += 1;
            let Some(sure) = refused(plan, device, own) else {
                continue;
            };
            let (subject, kind) = (plan.subject(), escape(&plan.entry.kind));
            let (name, own) = (spec.shown(), escape(own.as_bytes()));
            let problem = match plan.role {
                Role::Swap => format!("{subject} is taken for swap and is {own}"),
                _ => format!("{subject} cannot be mounted as {kind}: {name} is {own}"),
            };
            let consequence = checked_first(mounts, plan, &own).unwrap_or(consequence);
            let evidence = Evidence::span(field(plan, 2), format!("the device is {own}"));
            let mut finding = found(self.id(), plan, &consequence, &problem, evidence);
            let text = format!("{} has {own} on {}", devices.from, device.node);
            finding = finding.with(Evidence::computed(text));
            if !sure {
                let text = format!("an ext4 made with the usual features is no {kind}");
                finding = finding.with(Evidence::computed(text));
                finding = finding.confidence(Confidence::Likely);
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// Whether what is on the device is refused as the type of the line, and whether that is
/// sure; `None` where it is taken, or nothing is known of one of the two.
fn refused(plan: &Plan, device: &Device, own: &str) -> Option<bool> {
    let kinds = std::str::from_utf8(&plan.entry.kind).ok()?;
    let own = family(own)?;
    let mut sure = true;
    // mount(8) tries each of a list.
    for kind in kinds.split(',') {
        let kind = family(kind)?;
        sure &= match (kind, own) {
            ("ext2", "ext4") => lacks(plan, device, 0x12)?,
            ("ext3", "ext4") => lacks(plan, device, 0x16)?,
            // The driver of ext4 takes what is older, ext2 an ext3 without its journal.
            ("ext4", "ext2" | "ext3") | ("ext2", "ext3") => return None,
            // A bridge disc is both.
            ("iso9660" | "udf", "iso9660" | "udf") => return None,
            _ if kind == own => return None,
            _ => true,
        };
    }
    Some(sure)
}

/// Whether features forbid an ext4 to be mounted by an older name, which takes `incompat`
/// (Linux 6.1 `fs/ext4/ext4.h`, `ext2_feature_set_ok`, `ext3_feature_set_ok`); sure where
/// the superblock was read. `None` where nothing forbids it.
fn lacks(plan: &Plan, device: &Device, incompat: u32) -> Option<bool> {
    let Some(ext) = &device.ext else {
        return Some(false);
    };
    let read_only = matches!(plan.entry.switch("ro", "rw"), Some((true, _)));
    // A read-only mount does not look at the others; a journal is what ext3 is about.
    let other = ext.ro_compat & !7 != 0 && !read_only;
    let journal = incompat == 0x16 && ext.compat & 4 == 0;
    (ext.incompat & !incompat != 0 || other || journal).then_some(true)
}

/// Names for one thing, by blkid's name for it; `None` for what may be on a device that
/// is said to be something else (helpers, members that are used on their own, guesses).
fn family(kind: &str) -> Option<&str> {
    match kind {
        "vfat" | "msdos" => Some("vfat"),
        "ntfs" | "ntfs3" | "ntfs-3g" | "ntfs3g" | "lowntfs-3g" => Some("ntfs"),
        "exfat" | "exfat-fuse" => Some("exfat"),
        // swapon(8) makes swap again of what a suspend left.
        "swap" | "swsuspend" => Some("swap"),
        "ext2" | "ext3" | "ext4" | "xfs" | "btrfs" | "f2fs" | "jfs" | "reiserfs" | "iso9660"
        | "udf" | "squashfs" | "erofs" | "LVM2_member" | "crypto_LUKS" => Some(kind),
        _ => None,
    }
}

/// The scripts check by the type of fstab before they mount, and e2fsck(8) leaves what is
/// none of its own with 8.
fn checked_first(mounts: &Mounts, plan: &Plan, own: &str) -> Option<Consequence> {
    let checks = matches!(mounts.manager, Manager::Scripts | Manager::Void);
    let foreign = plan.entry.kind.starts_with(b"ext") && !own.starts_with("ext");
    let checked = checks && foreign && plan.entry.passno != 0;
    let consequence = mounts.consequence(plan, Failure::Check);
    consequence.filter(|consequence| checked && consequence.stops_the_boot())
}
