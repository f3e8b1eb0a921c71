//! What makes the next reboot another thing than one through the boot loader: a kernel
//! that waits in memory (systemd 254 and later `src/systemctl/systemctl-logind.c`,
//! `SYSTEMCTL_SKIP_AUTO_KEXEC`; kexec-tools 2.0.25 in Debian, `/etc/init.d/kexec` and
//! `kexec-load`), and a root in `/run/nextroot`.

use std::path::Path;

use super::event::{Handler, optional};
use super::{Beside, Trigger, What};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::systemd::installed;
use crate::parse::os_release;
use crate::shell::power::Kind;
use crate::source::TreeKind;
use crate::text::{File, Place, Span, escape};

const NOUN: &str = "a reboot of another kind";

/// The first systemd whose `systemctl reboot` looks for them.
const LOOKS: u32 = 254;

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    let live = host.tree().coverage().kind == TreeKind::Live;
    let systemd = matches!(host.init_kind(), None | Some(InitKind::Systemd))
        && matches!(installed(host.tree(), host.packages()), Fact::Known(v) if v.major >= LOOKS);
    let debian = is_there(host, "/etc/init.d/kexec") && is_there(host, "/sbin/kexec");
    let mut keep = |what: &str, kind: Kind, place: Place| {
        let event = format!("at the next reboot: {what}");
        let mut handler = Handler::new("the next reboot", NOUN, event, place);
        "whoever reboots it".clone_into(&mut handler.by);
        beside.push(Beside::new(What::Purpose, handler.plain(kind)));
    };
    if live
        && (systemd || debian)
        && let Some(file) = optional(host, "/sys/kernel/kexec_loaded", out)
        && file.bytes().trim_ascii() == b"1"
    {
        let what = "the kernel that kexec has loaded starts, not what the boot loader names";
        keep(what, Kind::Kexec, file.place(file.line_span(1)));
    }
    if debian
        && is_there(host, "/etc/init.d/kexec-load")
        && let Some(file) = optional(host, "/etc/default/kexec", out)
    {
        let words = os_release::parse(file.bytes());
        let mut lines = file.lines();
        let line = lines.find(|(_, line)| line.trim_ascii_start().starts_with(b"LOAD_KEXEC="));
        if words.get("LOAD_KEXEC").is_some_and(|told| told == "true")
            && let Some((span, _)) = line
        {
            let image = words.get("KERNEL_IMAGE").map_or("/vmlinuz", |v| v.as_str());
            let what = format!(
                "kexec starts {}, not what the boot loader names",
                escape(image.as_bytes())
            );
            keep(&what, Kind::Kexec, file.place(span));
        }
    }
    let root = Path::new("/run/nextroot");
    let is_os = || {
        ["etc/os-release", "usr/lib/os-release"]
            .iter()
            .any(|name| matches!(host.tree().lstat(&root.join(name)), Fact::Known(_)))
    };
    if live && systemd && is_os() {
        let file = File::new(root, "");
        let what = "only userspace starts again, from /run/nextroot";
        keep(what, Kind::SoftReboot, file.place(Span::new(0, 0)));
    }
}

fn is_there(host: &Host, path: &str) -> bool {
    matches!(host.resolve(Path::new(path)), Fact::Known(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    /// What is said of a tree with these files.
    fn said(kind: TreeKind, files: &[(&str, &str)]) -> Vec<String> {
        let mut source = MemSource::new();
        source.file("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        source.file("/sbin/init", "x");
        for (path, text) in files {
            source.file(path, *text);
        }
        let mut coverage = Coverage::full(true);
        coverage.kind = kind;
        let tree = Tree::for_tests(source, coverage);
        let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
        let (mut out, mut beside) = (Listing::new(), Vec::new());
        read(&host, &mut out, &mut beside);
        assert!(out.gaps.is_empty());
        let said = beside.iter().map(|beside| beside.trigger.when_words());
        said.collect()
    }

    const LOADED: (&str, &str) = ("/sys/kernel/kexec_loaded", "1\n");
    const SCRIPT: (&str, &str) = ("/etc/init.d/kexec", "#!/bin/sh\n");
    const LOADS: (&str, &str) = ("/etc/init.d/kexec-load", "#!/bin/sh\n");
    const TOOL: (&str, &str) = ("/sbin/kexec", "x");
    const ROOT: (&str, &str) = ("/run/nextroot/usr/lib/os-release", "ID=x\n");

    #[test]
    fn a_loaded_kernel_is_started_by_debians_script_and_by_a_new_systemd() {
        let new = ("/usr/lib/systemd/libsystemd-shared-255.so", "");
        let none = ("/sys/kernel/kexec_loaded", "0\n");
        assert_eq!(said(TreeKind::Live, &[LOADED, SCRIPT, TOOL]).len(), 1);
        assert_eq!(said(TreeKind::Live, &[LOADED, new]).len(), 1);
        // Without the script an old systemctl does not look.
        assert!(said(TreeKind::Live, &[LOADED]).is_empty());
        assert!(said(TreeKind::Live, &[none, SCRIPT, TOOL]).is_empty());
        assert!(said(TreeKind::Full, &[LOADED, SCRIPT, TOOL]).is_empty());
    }

    #[test]
    fn debian_loads_a_kernel_at_every_reboot_where_it_is_told_to() {
        let told = (
            "/etc/default/kexec",
            "LOAD_KEXEC=true\nKERNEL_IMAGE=\"/vmlinuz\"\n",
        );
        let found = said(TreeKind::Full, &[SCRIPT, LOADS, TOOL, told]);
        assert!(found[0].contains("kexec starts /vmlinuz"), "{found:?}");
        let not = ("/etc/default/kexec", "LOAD_KEXEC=false\n");
        assert!(said(TreeKind::Full, &[SCRIPT, LOADS, TOOL, not]).is_empty());
    }

    #[test]
    fn a_root_that_waits_makes_it_a_soft_reboot_since_254() {
        let new = ("/usr/lib/systemd/libsystemd-shared-254.so", "");
        let old = ("/usr/lib/systemd/libsystemd-shared-252.so", "");
        assert_eq!(said(TreeKind::Live, &[new, ROOT]).len(), 1);
        assert!(said(TreeKind::Live, &[old, ROOT]).is_empty());
        assert!(said(TreeKind::Full, &[new, ROOT]).is_empty());
    }
}
