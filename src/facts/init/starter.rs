//! Who starts process 1, which names it tries and how it tests them.
//!
//! | starter | names | test | where none passes |
//! |---|---|---|---|
//! | kernel (Linux 6.1 `init/main.c`) | `init=` and nothing else; or the four | executing it | panic |
//! | initramfs-tools 0.142 `init`, klibc 2.0.12 `run-init -n` | `init=`, then the four | a regular file with an execute bit | a shell in the initramfs |
//! | dracut `init.sh` | `init=`, then `/sbin/init` | `-x`, one absolute link rewritten | its emergency shell |
//! | systemd 252 in the initrd | `init=`; or its own path in the new root | `X_OK`, executing it | its emergency target |
//! | mkinitcpio `init` | `init=`, or `/sbin/init` | `-x` from inside the initramfs | a shell in the initramfs |
//! | Alpine's mkinitfs | `init=`, or `/sbin/init` | none | panic |
//! | genkernel | `init=`, or `/sbin/init` | `-x` | a shell in the initramfs |
//!
//! The four are `/sbin/init`, `/etc/init`, `/bin/init` and `/bin/sh`.

use std::path::{Path, PathBuf};

use crate::fact::Fact;
use crate::source::Tree;
use crate::text::Place;

/// Who starts process 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// The kernel itself, without an initrd.
    Kernel,
    /// Debian's initramfs-tools.
    InitramfsTools,
    /// dracut without systemd in it.
    Dracut,
    /// systemd in the initrd, whoever made that.
    SystemdInitrd,
    /// Arch's mkinitcpio with its own `init`.
    Mkinitcpio,
    /// Alpine's mkinitfs.
    Alpine,
    /// Gentoo's genkernel.
    Genkernel,
    /// Not known: judged like initramfs-tools, which asks for least.
    Unknown,
}

/// How a starter tells whether a name will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// It executes it; what is refused is passed over.
    Execute,
    /// A regular file with an execute bit.
    Regular,
    /// `test -x`, a directory passes too.
    Access,
    /// Nothing is asked.
    None,
}

/// How a boot ends that starts no init.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// The kernel panics.
    Panic,
    /// A shell in the initramfs, on the console.
    InitramfsShell,
    /// systemd's emergency mode in the initrd.
    Emergency,
    /// systemd stops in the initrd, without a shell.
    Freeze,
}

/// What starts process 1 at the next boot.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Who does.
    pub starter: Starter,
    /// The value of `init=`.
    pub init: Option<PathBuf>,
    /// Where that stands.
    pub place: Option<Place>,
}

/// The names tried after a command line's own `init=`.
pub const DEFAULT_NAMES: [&str; 3] = ["/sbin/init", "/etc/init", "/bin/init"];

impl Starter {
    /// The name users know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "the kernel",
            Self::InitramfsTools => "initramfs-tools",
            Self::Dracut => "dracut",
            Self::SystemdInitrd => "systemd in the initrd",
            Self::Mkinitcpio => "mkinitcpio's initramfs",
            Self::Alpine => "mkinitfs",
            Self::Genkernel => "genkernel's initramfs",
            Self::Unknown => "the kernel or an initramfs",
        }
    }

    /// The names it tries, in order, without the last resort.
    pub(super) fn names(self, init: Option<&Path>) -> Vec<PathBuf> {
        let given = init.map(Path::to_path_buf);
        let has_init = given.is_some();
        let defaults: &[&str] = match self {
            Self::Kernel if has_init => &[],
            Self::Kernel | Self::InitramfsTools | Self::Unknown => &DEFAULT_NAMES,
            Self::Dracut => &["/sbin/init"],
            Self::SystemdInitrd if has_init => &[],
            Self::SystemdInitrd => &[
                "/usr/lib/systemd/systemd",
                "/lib/systemd/systemd",
                "/sbin/init",
            ],
            Self::Mkinitcpio | Self::Alpine | Self::Genkernel if has_init => &[],
            Self::Mkinitcpio | Self::Alpine | Self::Genkernel => &["/sbin/init"],
        };
        let mut names: Vec<PathBuf> = given.into_iter().collect();
        for name in defaults.iter().map(PathBuf::from) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    pub(super) const fn test(self) -> Test {
        match self {
            Self::Kernel | Self::SystemdInitrd => Test::Execute,
            Self::InitramfsTools | Self::Unknown => Test::Regular,
            Self::Dracut | Self::Mkinitcpio | Self::Genkernel => Test::Access,
            Self::Alpine => Test::None,
        }
    }

    /// Whether `/bin/sh` is tried in the end.
    pub(super) const fn has_last_resort(self, given: bool) -> bool {
        match self {
            Self::Kernel => !given,
            Self::InitramfsTools | Self::Unknown => true,
            Self::SystemdInitrd => !given,
            Self::Dracut | Self::Mkinitcpio | Self::Alpine | Self::Genkernel => false,
        }
    }

    /// Whether it follows an absolute link as if the initramfs were the root.
    pub(super) const fn follows_links_in_the_initramfs(self) -> bool {
        matches!(self, Self::Mkinitcpio)
    }

    /// How the boot ends where no name passes.
    pub(super) const fn dead(self) -> Dead {
        match self {
            Self::Kernel | Self::Alpine | Self::Unknown => Dead::Panic,
            Self::InitramfsTools | Self::Dracut | Self::Mkinitcpio | Self::Genkernel => {
                Dead::InitramfsShell
            }
            Self::SystemdInitrd => Dead::Emergency,
        }
    }
}

/// The starter by the initramfs generator that is installed, where that is all there
/// is to go by.
pub fn guess(tree: &Tree) -> Starter {
    let has = |path: &str| matches!(tree.resolve(Path::new(path)), Fact::Known(_));
    if has("/usr/share/initramfs-tools/init") {
        return Starter::InitramfsTools;
    }
    if has("/usr/lib/dracut/modules.d") {
        // dracut takes systemd in where it is installed.
        let systemd = has("/usr/lib/systemd/systemd") || has("/lib/systemd/systemd");
        let module = has("/usr/lib/dracut/modules.d/00systemd")
            || has("/usr/lib/dracut/modules.d/01systemd")
            || has("/usr/lib/dracut/modules.d/11systemd");
        return if systemd && module {
            Starter::SystemdInitrd
        } else {
            Starter::Dracut
        };
    }
    if has("/usr/lib/initcpio/init") {
        let config = tree.read(Path::new("/etc/mkinitcpio.conf"));
        return match config {
            Fact::Known(file) if names_systemd(file.bytes()) => Starter::SystemdInitrd,
            Fact::Known(_) => Starter::Mkinitcpio,
            _ => Starter::Unknown,
        };
    }
    if has("/usr/share/mkinitfs/initramfs-init") {
        return Starter::Alpine;
    }
    if has("/usr/share/genkernel/defaults/linuxrc") {
        return Starter::Genkernel;
    }
    Starter::Unknown
}

/// Whether `HOOKS=(...)` of mkinitcpio.conf takes systemd in.
fn names_systemd(config: &[u8]) -> bool {
    let text = String::from_utf8_lossy(config);
    let lines = text.lines().map(str::trim_start);
    let mut hooks = lines.filter(|line| line.starts_with("HOOKS="));
    let last = hooks.next_back().unwrap_or("");
    last.split(['(', ')', ' ', '"', '\''])
        .any(|word| word == "systemd")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn guessed(files: &[(&str, &str)]) -> Starter {
        let mut source = MemSource::new();
        for (path, text) in files {
            source.file(path, *text);
        }
        guess(&Tree::for_tests(source, Coverage::full(true)))
    }

    #[test]
    fn the_generator_that_is_installed_tells_who_starts_process_1() {
        let debian = ("/usr/share/initramfs-tools/init", "");
        assert_eq!(guessed(&[debian]), Starter::InitramfsTools);
        let dracut = ("/usr/lib/dracut/modules.d/00systemd/module-setup.sh", "");
        assert_eq!(guessed(&[dracut]), Starter::Dracut);
        let systemd = ("/usr/lib/systemd/systemd", "");
        assert_eq!(guessed(&[dracut, systemd]), Starter::SystemdInitrd);
        let arch = ("/usr/lib/initcpio/init", "");
        let busybox = ("/etc/mkinitcpio.conf", "HOOKS=(base udev fsck)\n");
        assert_eq!(guessed(&[arch, busybox]), Starter::Mkinitcpio);
        let newer = (
            "/etc/mkinitcpio.conf",
            "# HOOKS=(base)\nHOOKS=(base systemd)\n",
        );
        assert_eq!(guessed(&[arch, newer]), Starter::SystemdInitrd);
        assert_eq!(guessed(&[]), Starter::Unknown);
    }
}
