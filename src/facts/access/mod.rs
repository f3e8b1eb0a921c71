//! Who gets in after the boot: sshd, what starts it, and the accounts it lets in.

pub mod doors;
pub mod people;
mod starts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use starts::{Kept, Starts};

use super::Host;
use super::paths;
use crate::fact::{Fact, Listing, Looked};
use crate::parse::sshd_config::{self, Build, Config, Vendor, World};
use crate::source::Tree;
use crate::text::File;

/// Where sshd is: Debian's place, and that of systems without `sbin`.
const PROGRAMS: [&str; 3] = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"];

/// sshd of one host.
#[derive(Debug)]
pub struct Sshd {
    /// The program.
    pub program: PathBuf,
    /// Which one it is.
    pub build: Build,
    /// What starts it.
    pub starts: Starts,
    /// The file it reads.
    pub path: PathBuf,
    /// What that says.
    pub config: Fact<Config>,
    /// Whether options on its command line change what the file says.
    pub has_options: bool,
}

/// What is known of a way in.
#[derive(Debug)]
pub struct Access {
    /// sshd; Absent where it is not installed.
    pub sshd: Fact<Sshd>,
    /// Other programs that let somebody in from outside and that the boot starts.
    pub others: Vec<String>,
}

/// Units and scripts of other programs that let somebody in from outside.
const OTHERS: [&str; 14] = [
    "dropbear",
    "dropbear.service",
    "tinysshd",
    "tinyssh",
    "teleport",
    "teleport.service",
    "telnetd",
    "inetutils-telnetd",
    "xrdp.service",
    "amazon-ssm-agent.service",
    "tailscaled.service",
    "cockpit.socket",
    "webmin",
    "webmin.service",
];

impl World for &Tree {
    fn include(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        let mut out = Listing::new();
        let found = paths::matching(self, pattern);
        for path in out.take_gaps(found) {
            // A directory can be opened, and nothing read of it.
            let is_dir = matches!(self.resolve(&path), Fact::Known(found)
                if found.meta.kind == crate::source::FileKind::Dir);
            if !is_dir {
                out.push(self.read(&path));
            }
        }
        out
    }

    fn service(&self, name: &[u8]) -> Option<u16> {
        let Fact::Known(file) = self.read(Path::new("/etc/services")) else {
            return None;
        };
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let name = String::from_utf8_lossy(name).into_owned();
        text.lines().find_map(|line| {
            let line = line.split('#').next().unwrap_or("");
            let mut words = line.split_whitespace();
            let first = words.next()?;
            let port = words
                .next()?
                .split_once('/')
                .filter(|(_, kind)| *kind == "tcp")?
                .0
                .parse()
                .ok()?;
            let called = first == name || words.any(|alias| alias == name);
            called.then_some(port)
        })
    }
}

/// Reads what is known of a way in.
pub(super) fn read(host: &Host) -> Access {
    Access {
        sshd: sshd(host),
        others: others(host),
    }
}

fn sshd(host: &Host) -> Fact<Sshd> {
    let tree = host.tree();
    let mut program = None;
    for path in PROGRAMS {
        match host.resolve(Path::new(path)) {
            Fact::Known(_) => {
                program = Some(PathBuf::from(path));
                break;
            }
            Fact::Absent(_) => {}
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    let Some(program) = program else {
        return Fact::Absent(Looked {
            paths: PROGRAMS.map(PathBuf::from).to_vec(),
            notes: Vec::new(),
        });
    };
    let build = build(host, &program);
    let starts = starts::read(host);
    let words = starts::words(host, &starts);
    let told = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).cloned()
    };
    let path = PathBuf::from(told("-f").unwrap_or_else(|| "/etc/ssh/sshd_config".to_owned()));
    let has_options = words
        .iter()
        .any(|word| word == "-o" || word == "-p" || word == "-h");
    let config = tree
        .read(&path)
        .map(|file| sshd_config::parse(&file, build, &tree));
    Fact::Known(Sshd {
        program,
        build,
        starts,
        path,
        config,
        has_options,
    })
}

/// Which sshd it is: by its package, else by what it says of itself.
fn build(host: &Host, program: &Path) -> Build {
    let packages = match host.packages() {
        Fact::Known(packages) => Some(packages),
        _ => None,
    };
    let debian = packages.is_some_and(|packages| packages.dpkg.is_some());
    let named = ["openssh-server", "openssh"];
    let version = named
        .iter()
        .find_map(|name| packages?.version_of(name).and_then(version));
    if version.is_some() {
        let vendor = if debian {
            Vendor::Debian
        } else {
            Vendor::Other
        };
        return Build { version, vendor };
    }
    let unknown = Build {
        version: None,
        vendor: Vendor::Other,
    };
    let Fact::Known(file) = host.tree().read(program) else {
        return unknown;
    };
    let mark = b"OpenSSH_";
    let at = file
        .bytes()
        .windows(mark.len())
        .position(|window| window == mark);
    let Some(text) = at.and_then(|at| file.bytes().get(at + mark.len()..)) else {
        return unknown;
    };
    let text = String::from_utf8_lossy(text.get(..64.min(text.len())).unwrap_or(text)).into_owned();
    let text = text.split('\0').next().unwrap_or("");
    let debian = text.contains("Debian") || text.contains("Ubuntu");
    Build {
        version: version_at_start(text),
        vendor: if debian {
            Vendor::Debian
        } else {
            Vendor::Other
        },
    }
}

/// `1:9.2p1-2+deb12u7`, `5.8_p1-r1`.
fn version(text: &str) -> Option<(u32, u32)> {
    version_at_start(text.split_once(':').map_or(text, |(_, rest)| rest))
}

fn version_at_start(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let minor = rest.get(..digits)?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn others(host: &Host) -> Vec<String> {
    let mut found = Vec::new();
    if let Fact::Known(boot) = host.systemd() {
        let comes = |name: &str| {
            use super::systemd::Comes;
            matches!(
                boot.is_in_boot(name),
                Comes::Starts | Comes::Perhaps | Comes::OnDemand(_)
            )
        };
        let units = OTHERS
            .iter()
            .filter(|name| name.contains('.') && comes(name));
        found.extend(units.map(|name| (*name).to_owned()));
    } else {
        let enabled = host.enabled().items.iter();
        let names = enabled.filter(|e| OTHERS.contains(&e.name.as_str()) && host.is_reached(e));
        found.extend(names.map(|e| e.name.clone()));
    }
    found
}

impl Sshd {
    /// Where it listens, in words: `22`, or addresses and ports.
    #[must_use]
    pub fn listens(&self, tree: &Tree) -> Option<String> {
        let Fact::Known(config) = &self.config else {
            return None;
        };
        if self.has_options {
            return None;
        }
        let mut ports = config.ports(&tree);
        ports.dedup();
        let words: Vec<String> = ports.iter().map(ToString::to_string).collect();
        Some(words.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_packages_write_them() {
        assert_eq!(version("1:9.2p1-2+deb12u7"), Some((9, 2)));
        assert_eq!(version("5.8_p1-r1"), Some((5, 8)));
        assert_eq!(version("10.0p1"), Some((10, 0)));
        assert_eq!(version("git"), None);
    }
}
