//! `init-selinux-policy-missing`: `SELinux` is to be enforced, and there is no policy.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::boot::Config;
use crate::facts::systemd::{Systemd, Words};
use crate::facts::{Boots, Host};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule, target};
use crate::text::Place;

pub(in crate::rules) struct SelinuxPolicyMissing;

/// libselinux's configuration.
const CONFIG: &str = "/etc/selinux/config";

impl Rule for SelinuxPolicyMissing {
    fn id(&self) -> &'static str {
        "init-selinux-policy-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = target::systemd(host)?;
        if matches!(host.boots(), Boots::InitOnly(_)) {
            return Err(Stop::NotApplicable("a container loads no policy"));
        }
        let mut out = Findings::new();
        let file = match host.tree().read(Path::new(CONFIG)) {
            Fact::Known(file) => file,
            Fact::Absent(_) => return Err(Stop::NotApplicable("SELinux is not configured")),
            other => {
                out.gap(&other);
                return Ok(out);
            }
        };
        let lines = Lines::read(file.bytes());
        let words = boot.words.as_ref();
        let Some(enforced) = lines.enforced(words) else {
            return Ok(out);
        };
        let kernel = in_kernel(host, boot);
        if kernel == Some(false) || !is_linked(host) {
            return Err(Stop::NotApplicable("SELinux is not in use"));
        }
        let kind = lines.kind.unwrap_or("targeted");
        let dir = Path::new("/etc/selinux").join(kind).join("policy");
        let listing = host.tree().entries(&dir);
        let named = |path: &std::path::PathBuf| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with("policy."))
        };
        out.open.extend(listing.gaps);
        out.uncovered.extend(listing.uncovered);
        let found = listing.items.iter().any(named);
        if found || !out.open.is_empty() || !out.uncovered.is_empty() {
            return Ok(out);
        }
        let message = format!(
            "systemd freezes at boot: SELinux is to be enforced, and {} holds no policy",
            dir.display()
        );
        let evidence = match enforced {
            By::Line(at) => {
                let place: Place = file.place(file.line_span(at));
                Evidence::span(place, "asks for it")
            }
            By::Word => target::word_evidence(host, "enforcing=1"),
        };
        let mut finding = Finding::new(self.id(), kind, message, evidence)
            .with(Evidence::path(dir, "has no file called policy.NN"))
            .fix(
                "Install the policy, or set SELINUX=permissive until it is there.",
                &[],
            );
        if kernel.is_none() {
            finding = finding
                .confidence(Confidence::Possible)
                .at_most(Level::Warn);
        }
        out.push(finding);
        Ok(out)
    }
}

/// Who asks for `SELinux` to be enforced.
enum By {
    /// A line of the configuration, counted from 1.
    Line(usize),
    /// The command line.
    Word,
}

/// What libselinux 3.4 takes from its configuration (`selinux_getenforcemode`,
/// `init_selinux_config`).
struct Lines<'a> {
    /// The first mode, and its line.
    mode: Option<(&'static str, usize)>,
    /// The last type.
    kind: Option<&'a str>,
}

impl<'a> Lines<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        const MODES: [&str; 3] = ["enforcing", "permissive", "disabled"];
        let (mut mode, mut kind) = (None, None);
        for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            if let Some(value) = line.strip_prefix("SELINUX=") {
                let value = value.trim_start().to_ascii_lowercase();
                let known = MODES.into_iter().find(|mode| value.starts_with(mode));
                mode = mode.or(known.map(|mode| (mode, at + 1)));
            }
            let line = line.trim_start();
            if let Some(value) = line.strip_prefix("SELINUXTYPE=") {
                kind = Some(value.trim())
                    .filter(|value| !value.is_empty())
                    .or(kind);
            }
        }
        Self { mode, kind }
    }

    /// Who asks for it to be enforced; the command line comes first.
    fn enforced(&self, words: Option<&Words>) -> Option<By> {
        let told = words.and_then(|words| words.last("enforcing"));
        if self.mode.is_some_and(|(mode, _)| mode == "disabled") {
            return None;
        }
        match told.flatten() {
            Some("0") => None,
            Some(value) if value.parse::<i64>().is_ok() => Some(By::Word),
            _ => {
                let mode = self.mode.filter(|(mode, _)| *mode == "enforcing");
                mode.map(|(_, line)| By::Line(line))
            }
        }
    }
}

/// Whether the kernel that boots has `SELinux` switched on.
fn in_kernel(host: &Host, boot: &Systemd) -> Option<bool> {
    let words = boot.words.as_ref();
    let value = |key: &str| words.and_then(|words| words.last(key)).flatten();
    if value("selinux") == Some("0") {
        return Some(false);
    }
    let Fact::Known(config) = host.kernel_config() else {
        return None;
    };
    if !config.is_builtin("SECURITY_SELINUX") {
        return Some(false);
    }
    if let Some(list) = value("lsm") {
        return Some(list.split(',').any(|module| module == "selinux"));
    }
    if let Some(module) = value("security") {
        return Some(module == "selinux");
    }
    words?;
    Some(is_first(config))
}

/// Whether `SELinux` is the first of the big modules in the kernel's own list: only one
/// of them is started.
fn is_first(config: &Config) -> bool {
    let list = config.get("LSM").unwrap_or(b"selinux");
    let list = String::from_utf8_lossy(list).into_owned();
    let mut big = list
        .trim_matches('"')
        .split(',')
        .filter(|module| matches!(*module, "selinux" | "apparmor" | "smack" | "tomoyo"));
    big.next() == Some("selinux")
}

/// Whether this systemd was built with `SELinux`.
fn is_linked(host: &Host) -> bool {
    ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"]
        .iter()
        .any(|path| {
            let linkage = host.linkage(Path::new(path));
            let mut libraries = linkage.libraries.iter();
            libraries.any(|library| library.name.starts_with(b"libselinux.so"))
        })
        // 258 and later load it only when it is needed.
        || matches!(
            host.systemd().require(),
            Ok(Some(boot)) if matches!(&boot.plan.version, Fact::Known(v) if v.major >= 258)
        )
}
