//! Who the host is: name and operating system.

use std::path::Path;

use crate::fact::{Fact, Looked};
use crate::parse::os_release;
use crate::source::Tree;

/// The operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Os {
    /// `ID` of os-release, such as `debian`.
    pub id: String,
    /// A name for people, such as `Debian 12`.
    pub name: String,
}

impl Os {
    /// The release of Debian itself, such as 12; none for what is derived from it, nor for
    /// testing and unstable.
    #[must_use]
    pub fn debian_release(&self) -> Option<u32> {
        let (_, release) = self.name.rsplit_once(' ')?;
        (self.id == "debian").then(|| release.parse().ok())?
    }
}

/// The operating system by os-release(5), or by the files that were there before it.
pub fn os(tree: &Tree) -> Fact<Os> {
    let mut uncovered = None;
    for path in ["/etc/os-release", "/usr/lib/os-release"] {
        match tree.read(Path::new(path)) {
            Fact::Known(file) => {
                let fields = os_release::parse(file.bytes());
                let get = |name: &str| fields.get(name).filter(|v| !v.is_empty()).cloned();
                let id = get("ID").unwrap_or_else(|| "linux".into());
                let name = match (get("NAME"), get("VERSION_ID"), get("PRETTY_NAME")) {
                    (Some(name), Some(version), _) => {
                        format!("{} {version}", name.trim_end_matches(" GNU/Linux"))
                    }
                    (_, _, Some(pretty)) => pretty,
                    (Some(name), None, None) => name,
                    (None, _, None) => id.clone(),
                };
                return Fact::Known(Os { id, name });
            }
            Fact::Absent(_) => {}
            Fact::NotCovered(why) => uncovered = Some(why),
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        }
    }
    // Systems from before os-release (2012).
    for (path, id, name) in [
        ("/etc/gentoo-release", "gentoo", "Gentoo"),
        ("/etc/debian_version", "debian", "Debian"),
        ("/etc/alpine-release", "alpine", "Alpine"),
        ("/etc/redhat-release", "rhel", "Red Hat"),
        ("/etc/slackware-version", "slackware", "Slackware"),
    ] {
        if let Fact::Known(file) = tree.read(Path::new(path)) {
            let line = String::from_utf8_lossy(file.bytes());
            let line = line.lines().next().unwrap_or("").trim();
            let name = match id {
                "debian" | "alpine" => format!("{name} {line}"),
                _ => name.to_owned(),
            };
            return Fact::Known(Os {
                id: id.to_owned(),
                name,
            });
        }
    }
    match uncovered {
        Some(why) => Fact::NotCovered(why),
        None => Fact::Absent(Looked::at("/etc/os-release")),
    }
}

/// The host's own name: the kernel's for a live tree, else the one set at boot.
pub fn hostname(tree: &Tree) -> Fact<String> {
    let mut unread = None;
    for path in [
        "/proc/sys/kernel/hostname",
        "/etc/hostname",
        "/etc/HOSTNAME",
    ] {
        let read = tree.read(Path::new(path));
        if let Fact::Unknown(unknown) = read {
            unread = unread.or(Some(unknown));
        } else if let Fact::Known(file) = read {
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let mut lines = text.lines().map(str::trim);
            if let Some(name) = lines.find(|line| !line.is_empty() && !line.starts_with('#')) {
                return Fact::Known(name.to_owned());
            }
        }
    }
    // Gentoo: HOSTNAME="x" or hostname="x".
    let named = tree
        .read(Path::new("/etc/conf.d/hostname"))
        .and_then(|file| {
            let fields = os_release::parse(file.bytes());
            let name = fields.get("hostname").or_else(|| fields.get("HOSTNAME"));
            match name.filter(|name| !name.is_empty()) {
                Some(name) => Fact::Known(name.clone()),
                None => Fact::Absent(Looked::at("/etc/hostname")),
            }
        });
    match (named, unread) {
        // It may stand where nobody could look.
        (Fact::Absent(_) | Fact::NotCovered(_), Some(unknown)) => Fact::Unknown(unknown),
        (named, _) => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut source = MemSource::new();
        for (path, text) in files {
            source.file(path, *text);
        }
        let coverage = Coverage::full(true);
        Tree::for_tests(source, coverage)
    }

    #[test]
    fn debians_release_is_a_number_of_debian_itself() {
        let release = |text: &str| match os(&tree(&[("/etc/os-release", text)])) {
            Fact::Known(os) => os.debian_release(),
            other => panic!("{other:?}"),
        };
        let name = "NAME=\"Debian GNU/Linux\"\nID=debian\n";
        assert_eq!(release(&format!("{name}VERSION_ID=\"13\"\n")), Some(13));
        assert_eq!(release(name), None);
        assert_eq!(release("NAME=Devuan\nVERSION_ID=13\nID=devuan\n"), None);
    }

    #[test]
    fn old_systems_without_os_release_still_have_a_name() {
        let name = |files: &[(&str, &str)]| match os(&tree(files)) {
            Fact::Known(os) => os.name,
            other => format!("{other:?}"),
        };
        let release = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!(name(&[("/etc/os-release", release)]), "Debian 12");
        let gentoo = [(
            "/etc/gentoo-release",
            "Gentoo Base System release 1.12.14\n",
        )];
        assert_eq!(name(&gentoo), "Gentoo");
        assert_eq!(name(&[("/etc/debian_version", "6.0.3\n")]), "Debian 6.0.3");
    }

    #[test]
    fn the_hostname_comes_from_the_place_the_system_uses() {
        let of = |files: &[(&str, &str)]| hostname(&tree(files));
        let debian = [("/etc/hostname", "# c\nweb1\n")];
        assert_eq!(of(&debian), Fact::Known("web1".into()));
        let gentoo = [("/etc/conf.d/hostname", "# x\nHOSTNAME=\"www3\"\n")];
        assert_eq!(of(&gentoo), Fact::Known("www3".into()));
        assert!(matches!(of(&[]), Fact::Absent(_)));
    }
}
