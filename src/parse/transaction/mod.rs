//! What a package manager is about to do: apt's `DPkg::Pre-Install-Pkgs`, protocols 1
//! to 3 (apt 2.6 `apt-pkg/deb/dpkgpm.cc`, `SendPkgsInfo`), what a manager prints when it
//! only simulates, or a plain list.

mod simulated;

use std::path::PathBuf;

use crate::text::{File, escape};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The package, where the line names it.
    pub package: Option<String>,
    /// Its architecture, where the line names it.
    pub architecture: Option<String>,
    /// What is done.
    pub action: Action,
}

/// What is done with a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// This archive is unpacked and configured.
    Install(PathBuf),
    /// The same, and every other version of the package goes: rpm tells the two apart.
    Upgrade(PathBuf),
    /// An archive comes that the manager keeps with those it fetched.
    Fetched {
        /// Its name there; a `*` stands for what is not known of it.
        file: String,
        /// Whether every other version of the package goes.
        upgrade: bool,
    },
    /// It goes; its configuration stays.
    Remove,
    /// It goes with its configuration.
    Purge,
    /// What was unpacked before is configured.
    Configure,
}

/// A whole transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// apt's options that are ours: what stands behind `Comeback::`, and its value.
    pub options: Vec<(String, String)>,
    /// Whether removals are told; protocol 1 names archives only.
    pub tells_removals: bool,
    /// The package manager, where a plain list says whose it is.
    pub manager: Option<String>,
}

impl Plan {
    /// One without a step yet.
    fn of(manager: Option<&str>) -> Self {
        Self {
            steps: Vec::new(),
            options: Vec::new(),
            tells_removals: true,
            manager: manager.map(str::to_owned),
        }
    }
}

/// A line that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}: {text}")]
pub struct Fault {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: &'static str,
    /// The line, escaped.
    pub text: String,
}

/// Reads a transaction.
///
/// # Errors
/// At the first line that is not understood: half a transaction is none.
pub fn parse(bytes: &[u8]) -> Result<Plan, Fault> {
    if let Some(simulated) = simulated::parse(bytes) {
        return simulated;
    }
    let file = File::new("/", bytes);
    let mut plan = Plan::of(None);
    let version = bytes.split(|b| *b == b'\n').next().unwrap_or(&[]);
    let protocol = match version.strip_prefix(b"VERSION ") {
        Some(b"2") => Some(2),
        Some(b"3") => Some(3),
        Some(_) => return Err(fault(1, "a protocol that is not known", version)),
        None => None,
    };
    // Behind the version come apt's options, up to an empty line.
    let mut in_options = protocol.is_some();
    for (index, (_, line)) in file.lines().enumerate() {
        let number = index + 1;
        if protocol.is_some() && in_options {
            in_options = !line.is_empty();
            plan.options.extend(option(line));
            continue;
        }
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        if let (None, Some(manager)) = (protocol, text.strip_prefix("manager ")) {
            plan.manager = Some(manager.trim().to_owned());
            continue;
        }
        let step = match protocol {
            Some(protocol) => apt(&text, protocol),
            None => plain(&text, &mut plan.tells_removals),
        };
        plan.steps
            .push(step.map_err(|message| fault(number, message, line))?);
    }
    Ok(plan)
}

fn fault(line: usize, message: &'static str, text: &[u8]) -> Fault {
    Fault {
        line,
        message,
        text: escape(text),
    }
}

/// `Comeback::KEY=VALUE`, the value with `%xx` for what is not plain.
fn option(line: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(line).ok()?;
    let (key, value) = text.split_once('=')?;
    let (first, rest) = key.split_at_checked("Comeback::".len())?;
    if !first.eq_ignore_ascii_case("Comeback::") {
        return None;
    }
    let mut out: Vec<u8> = Vec::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next()?, bytes.next()?];
            let hex = std::str::from_utf8(&hex).ok()?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    let value = String::from_utf8_lossy(&out).into_owned();
    Some((rest.to_owned(), value))
}

/// `NAME OLD [ARCH MULTI] < NEW [ARCH MULTI] FILE|**REMOVE**|**CONFIGURE**`.
fn apt(text: &str, protocol: u8) -> Result<Step, &'static str> {
    // A file name may hold blanks, and is last.
    let count = if protocol == 3 { 9 } else { 5 };
    let words: Vec<&str> = text.splitn(count, ' ').collect();
    if words.len() != count {
        return Err("fewer words than the protocol has");
    }
    let word = |index: usize| words.get(index).copied().unwrap_or("");
    let architecture = match protocol {
        3 if word(6) == "-" => Some(word(2)),
        3 => Some(word(6)),
        _ => None,
    };
    let action = match word(count - 1) {
        "**REMOVE**" => Action::Remove,
        "**CONFIGURE**" => Action::Configure,
        file if file.starts_with('/') => Action::Install(PathBuf::from(file)),
        _ => return Err("apt does not know the archive"),
    };
    Ok(Step {
        package: Some(word(0).to_owned()),
        architecture: architecture.filter(|a| *a != "-").map(str::to_owned),
        action,
    })
}

/// `remove NAME`, `purge NAME`, `install FILE`, `upgrade FILE`, or the name of an archive
/// alone; `manager NAME` says whose packages these are. `pacman -Sp` prints where each
/// archive comes from, with `file://` where it is kept already.
fn plain(text: &str, tells_removals: &mut bool) -> Result<Step, &'static str> {
    let text = text.trim();
    // As the managers write them: in lower case.
    let is_archive = |word: &str| {
        let word = word.as_bytes();
        let of_pacman = word
            .windows(9)
            .any(|part| part == b".pkg.tar." || part == b".pkg.tar");
        let ends = [&b".deb"[..], b".rpm", b".apk", b".pkg.tar"];
        of_pacman || ends.iter().any(|end| word.ends_with(end))
    };
    let alone = match text.split_once("://") {
        _ if text.starts_with('/') => Some(Action::Install(PathBuf::from(text))),
        Some(_) if text.contains(' ') => None,
        Some(("file", place)) => Some(Action::Upgrade(PathBuf::from(place))),
        Some((_, place)) => Some(Action::Fetched {
            file: place.rsplit('/').next().unwrap_or(place).to_owned(),
            upgrade: true,
        }),
        None => None,
    };
    if let Some(action) = alone.filter(|_| is_archive(text)) {
        *tells_removals = false;
        return Ok(Step {
            package: None,
            architecture: None,
            action,
        });
    }
    let (verb, rest) = text.split_once(' ').ok_or("no step")?;
    let rest = rest.trim();
    let action = match verb {
        "install" if is_archive(rest) => Action::Install(PathBuf::from(rest)),
        "upgrade" if is_archive(rest) => Action::Upgrade(PathBuf::from(rest)),
        "install" | "upgrade" => return Err("needs the file of a package"),
        "remove" => Action::Remove,
        "purge" => Action::Purge,
        "configure" => Action::Configure,
        _ => return Err("neither install, upgrade, remove, purge nor configure"),
    };
    let (package, architecture) = match (&action, rest.split_once(':')) {
        (Action::Install(_) | Action::Upgrade(_), _) => (None, None),
        (_, Some((name, architecture))) => (Some(name), Some(architecture)),
        (_, None) => (Some(rest), None),
    };
    Ok(Step {
        package: package.map(str::to_owned),
        architecture: architecture.map(str::to_owned),
        action,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(plan: &Plan) -> Vec<String> {
        let steps = plan.steps.iter();
        steps
            .map(|s| {
                let name = s.package.as_deref().unwrap_or("?");
                let architecture = s.architecture.as_deref().unwrap_or("?");
                format!("{name}:{architecture} {:?}", s.action)
            })
            .collect()
    }

    #[test]
    fn all_protocols_of_apt_are_read() {
        let three = "VERSION 3\nAPT::Architecture=amd64\nComeback::Accept=because%20I%20say\n\n\
            systemd-sysv 252-1 amd64 foreign > - - none **REMOVE**\n\
            cron - - none < 3.0 amd64 none /var/cache/apt/archives/cron 1.deb\n\
            cron - - none < 3.0 amd64 none **CONFIGURE**\n";
        let plan = parse(three.as_bytes()).unwrap();
        assert_eq!(
            shown(&plan),
            [
                "systemd-sysv:amd64 Remove",
                "cron:amd64 Install(\"/var/cache/apt/archives/cron 1.deb\")",
                "cron:amd64 Configure"
            ]
        );
        let option = ("Accept".to_owned(), "because I say".to_owned());
        assert_eq!(plan.options, [option]);
        let two = "VERSION 2\n\ncron 1 < 2 /a/cron.deb\nold 1 > - **REMOVE**\n";
        let plan = parse(two.as_bytes()).unwrap();
        assert_eq!(
            shown(&plan),
            ["cron:? Install(\"/a/cron.deb\")", "old:? Remove"]
        );
        let one = "/var/cache/apt/archives/cron_3.0_amd64.deb\n";
        let plan = parse(one.as_bytes()).unwrap();
        assert!(!plan.tells_removals);
        assert_eq!(plan.steps.len(), 1);
    }

    #[test]
    fn a_plain_list_is_read_and_what_is_not_understood_ends_it() {
        let list = "# a plan\nmanager rpm\nremove ifupdown\npurge libc6:i386\ninstall ./new.deb\n\
            upgrade /c/linux-6.1-1-x86_64.pkg.tar.zst\n";
        let plan = parse(list.as_bytes()).unwrap();
        assert_eq!(plan.manager.as_deref(), Some("rpm"));
        assert_eq!(
            shown(&plan),
            [
                "ifupdown:? Remove",
                "libc6:i386 Purge",
                "?:? Install(\"./new.deb\")",
                "?:? Upgrade(\"/c/linux-6.1-1-x86_64.pkg.tar.zst\")"
            ]
        );
        let urls =
            "file:///c/linux-6.1-1-x86_64.pkg.tar.zst\nhttps://m/core/x-1-1-any.pkg.tar.xz\n";
        let plan = parse(urls.as_bytes()).unwrap();
        assert!(!plan.tells_removals);
        assert_eq!(
            shown(&plan),
            [
                "?:? Upgrade(\"/c/linux-6.1-1-x86_64.pkg.tar.zst\")",
                "?:? Fetched { file: \"x-1-1-any.pkg.tar.xz\", upgrade: true }"
            ]
        );
        for (text, line) in [
            ("remove a\nfrobnicate b\n", 2),
            ("install cron\n", 1),
            ("VERSION 4\n\n", 1),
            ("VERSION 3\n\ncron 1 2\n", 3),
            ("VERSION 2\n\ncron 1 < 2 **ERROR**\n", 3),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().line, line, "{text}");
        }
    }
}
