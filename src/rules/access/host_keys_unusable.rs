//! `access-host-keys-unusable`: sshd has no key to show who it is, and ends.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::access::{Sshd, Starts};
use crate::parse::sshd_config::Vendor;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct HostKeysUnusable;

/// Keys that are used without a `HostKey` line (OpenSSH 9.2 `servconf.c`,
/// `fill_default_server_options`).
const USUAL: [&str; 3] = ["rsa", "ecdsa", "ed25519"];

impl Rule for HostKeysUnusable {
    fn id(&self) -> &'static str {
        "access-host-keys-unusable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        let config = super::config(sshd)?;
        if config.at_start("hostkeyagent").is_some() {
            return Err(Stop::NotApplicable("an agent holds the keys"));
        }
        if sshd.has_options {
            return Err(Stop::NotApplicable("options name the keys"));
        }
        let lines = config.all_at_start("hostkey");
        let mut paths: Vec<PathBuf> = lines
            .filter_map(|line| line.args.first())
            .filter(|arg| !arg.eq_ignore_ascii_case(b"none"))
            .map(|arg| PathBuf::from(String::from_utf8_lossy(arg).into_owned()))
            .collect();
        let named = config.at_start("hostkey").is_some();
        if !named {
            paths = USUAL
                .map(|kind| PathBuf::from(format!("/etc/ssh/ssh_host_{kind}_key")))
                .to_vec();
        }
        let mut out = Findings::new();
        let mut faults = Vec::new();
        let mut missing = 0;
        for path in &paths {
            match judge(host, sshd, path) {
                Key::Good => return Ok(out),
                Key::Missing => {
                    missing += 1;
                    faults.push((path, "is not there".to_owned()));
                }
                Key::Bad(why) => faults.push((path, why)),
                Key::Open(fact) => out.gap(&fact),
            }
        }
        if !out.open.is_empty() || !out.uncovered.is_empty() {
            return Ok(out);
        }
        if missing > 0 && makes_keys(host, sshd) {
            return Ok(out);
        }
        // What is there and not taken says more than what is not there.
        faults.sort_by_key(|(_, why)| why == "is not there");
        let message = match faults.first() {
            Some((path, why)) if faults.len() == 1 => {
                format!(
                    "sshd has no host key and does not start: {} {why}",
                    escape_path(path)
                )
            }
            Some((path, why)) if missing < faults.len() => format!(
                "sshd has no host key that it takes and does not start: {} {why}",
                escape_path(path)
            ),
            Some(_) => "sshd has no host key and does not start".to_owned(),
            None => "sshd has no host key and does not start: HostKey none".to_owned(),
        };
        let mut evidence = faults
            .iter()
            .map(|(path, why)| Evidence::path(*path, &**why));
        let first = evidence.next();
        let first = first.unwrap_or_else(|| Evidence::path(&sshd.path, "names no key"));
        let finding = Finding::new(self.id(), "host keys", message, first);
        let mut finding = finding.with_all(evidence);
        if missing == faults.len() {
            finding = finding.fix(
                "Make new ones; clients will ask about them:",
                &["ssh-keygen -A"],
            );
        }
        out.push(super::weighed(host, finding));
        Ok(out)
    }
}

/// What sshd makes of a file of a key.
enum Key {
    Good,
    Missing,
    Bad(String),
    Open(Fact<()>),
}

/// How a private key in OpenSSH's own format begins: the magic word.
const MAGIC: &[u8] = b"b3BlbnNzaC1rZXktdjEA";
/// The same without a passphrase: behind it comes the cipher `none`.
const PLAIN: &[u8] = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";

fn judge(host: &Host, sshd: &Sshd, path: &Path) -> Key {
    let found = match host.resolve(path) {
        Fact::Known(found) => found,
        Fact::Absent(_) => return Key::Missing,
        other => return Key::Open(other.map(|_| ())),
    };
    // `sshkey_perm_ok` looks at files of its own user.
    let meta = found.meta;
    // Red Hat's build lets a group of its own read them.
    let group = sshd.build.vendor == Vendor::Other && meta.mode & 0o077 == 0o040 && meta.gid != 0;
    if host.tree().coverage().owners && meta.uid == 0 && meta.mode & 0o077 != 0 && !group {
        return Key::Bad(format!(
            "has mode {:04o}: others may read it",
            meta.mode & 0o7777
        ));
    }
    let file = match host.tree().read_head(path, 4096) {
        Fact::Known(file) => file,
        other => return Key::Open(other.map(|_| ())),
    };
    let bytes = file.bytes();
    let begins = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    if bytes.is_empty() {
        Key::Bad("is empty".to_owned())
    } else if begins(b"-----BEGIN OPENSSH PRIVATE KEY-----") {
        // Of a recorded tree what is secret is not there, and the key taken for good.
        if begins(MAGIC) && !begins(PLAIN) {
            Key::Bad("has a passphrase".to_owned())
        } else {
            Key::Good
        }
    } else if begins(b"ENCRYPTED") {
        Key::Bad("has a passphrase".to_owned())
    } else if begins(b" PRIVATE KEY-----") || begins(b"SSH PRIVATE KEY FILE") {
        Key::Good
    } else {
        Key::Bad("is no private key".to_owned())
    }
}

/// Whether missing keys are made before sshd starts: by its own script or unit, by one
/// for the purpose, or by cloud-init.
fn makes_keys(host: &Host, sshd: &Sshd) -> bool {
    let tree = host.tree();
    let names_tool = |path: &Path| match tree.read(path) {
        Fact::Known(file) => {
            let tools: [&[u8]; 2] = [b"ssh-keygen", b"sshd-keygen"];
            tools.iter().any(|tool| {
                file.bytes()
                    .windows(tool.len())
                    .any(|window| window == *tool)
            })
        }
        _ => false,
    };
    if let Fact::Known(boot) = host.systemd() {
        use crate::facts::systemd::Comes;
        let comes = |ix| {
            matches!(
                boot.comes(ix),
                Comes::Starts | Comes::Perhaps | Comes::OnDemand(_)
            )
        };
        let mut units = boot.plan.units.iter().filter(|(ix, _)| comes(*ix));
        return units.any(|(_, unit)| {
            let runs = unit.settings.service.runs.iter();
            let cloud = unit.id == "cloud-init.service" || unit.id == "cloud-init-network.service";
            cloud
                || runs.into_iter().any(|run| {
                    let path = String::from_utf8_lossy(&run.command.path).into_owned();
                    path.contains("keygen")
                        || run
                            .command
                            .arguments
                            .iter()
                            .any(|arg| arg.windows(6).any(|window| window == b"keygen"))
                })
        });
    }
    match &sshd.starts {
        Starts::Service(name) => {
            names_tool(&Path::new("/etc/init.d").join(name))
                || names_tool(&crate::facts::started::runsvdir(tree).join(name).join("run"))
        }
        _ => false,
    }
}
