//! What package managers print when they are asked what they would do.
//!
//! apt-get(8) documents `Inst`, `Remv` and `Conf` of `--simulate` (apt 2.6
//! `apt-pkg/algorithms.cc`, `apt-private/private-output.cc`); zypper has a schema for
//! `--xmlout` (1.14 `src/output/xmlout.rnc`); apk counts what it does (apk-tools 2.14
//! `src/commit.c`). The tables of dnf are laid out for the reader, and are not read.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Action, Fault, Plan, Step, fault};
use crate::parse::xml;
use crate::text::File;

/// Reads the output of a simulation; `None` where it is none.
///
/// # Errors
/// Where it does not end, or a line of it is not understood: half a transaction is none.
pub(super) fn parse(bytes: &[u8]) -> Option<Result<Plan, Fault>> {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"<?xml") || start.starts_with(b"<stream") {
        return Some(zypper(bytes));
    }
    let file = File::new("/", bytes);
    let lines: Vec<(usize, &[u8])> = file
        .lines()
        .enumerate()
        .map(|(index, (_, line))| (index + 1, line))
        .collect();
    let texts = || lines.iter().filter_map(|(_, line)| text(line));
    if texts().any(|line| apk_change(line).is_some()) {
        return Some(apk(&lines));
    }
    let is_apt = |line: &str| counts(line).is_some() || apt_step(line).is_some();
    if texts().any(is_apt) {
        return Some(apt(&lines));
    }
    let is_begun = texts().any(|line| line.starts_with("Reading package lists..."));
    is_begun.then(|| Err(refused(&lines)))
}

/// apt said nothing of what it would do; its error is told, where it is here.
fn refused(lines: &[(usize, &[u8])]) -> Fault {
    let mut all = lines.iter();
    let error = all.clone().find(|(_, line)| line.starts_with(b"E: "));
    let last = all.rfind(|(_, line)| !line.trim_ascii().is_empty());
    let (number, line) = error.or(last).copied().unwrap_or((1, b""));
    fault(number, "apt stopped before it said what it would do", line)
}

fn text(line: &[u8]) -> Option<&str> {
    std::str::from_utf8(line).ok().map(str::trim_end)
}

/// What a step of apt does, with which package, and the rest: it begins with a version in
/// brackets. A list of names is indented.
fn apt_step(line: &str) -> Option<(&str, &str, &str)> {
    let (verb, rest) = line.split_once(' ')?;
    let (name, rest) = rest.split_once(' ')?;
    let is_step = ["Inst", "Remv", "Purg", "Conf"].contains(&verb) && rest.starts_with(['[', '(']);
    is_step.then_some((verb, name, rest))
}

/// How many packages come and go, of `1 upgraded, 2 newly installed, 3 reinstalled,
/// 4 downgraded, 5 to remove and 6 not upgraded.`
fn counts(line: &str) -> Option<(usize, usize)> {
    let line = line.strip_suffix(" not upgraded.")?;
    let (list, _) = line.rsplit_once(" and ")?;
    let (mut come, mut go) = (0, 0);
    for part in list.split(", ") {
        let (number, what) = part.split_once(' ')?;
        let number: usize = number.parse().ok()?;
        match what {
            "upgraded" | "newly installed" | "reinstalled" | "downgraded" => come += number,
            "to remove" => go += number,
            _ => return None,
        }
    }
    Some((come, go))
}

/// `Inst NAME [OLD] (NEW ORIGIN [ARCH]) [BROKEN]`, `Remv NAME [OLD]`.
fn apt(lines: &[(usize, &[u8])]) -> Result<Plan, Fault> {
    let mut plan = Plan::of(Some("dpkg"));
    let mut told = None;
    let (mut come, mut go) = (0, 0);
    for (number, line) in lines {
        let Some(text) = text(line) else { continue };
        told = told.or_else(|| counts(text).map(|counts| (*number, *line, counts)));
        let Some((verb, name, rest)) = apt_step(text) else {
            continue;
        };
        let odd = || fault(*number, "not a step as apt prints it", line);
        let (name, of) = match name.split_once(':') {
            Some((name, of)) => (name, Some(of.to_owned())),
            None => (name, None),
        };
        let (architecture, action) = match verb {
            "Inst" => {
                come += 1;
                let (_, new) = rest.split_once('(').ok_or_else(odd)?;
                let (new, _) = new.split_once(')').ok_or_else(odd)?;
                let version = new.split(' ').next().ok_or_else(odd)?;
                let architecture = new.strip_suffix(']').and_then(|n| n.rsplit_once('['));
                let (_, architecture) = architecture.ok_or_else(odd)?;
                let file = format!(
                    "{}_{}_{}.deb",
                    quoted(name, "_:"),
                    quoted(version, "_:"),
                    quoted(architecture, "_:.")
                );
                let upgrade = rest.starts_with('[');
                (
                    Some(architecture.to_owned()),
                    Action::Fetched { file, upgrade },
                )
            }
            "Conf" => (of, Action::Configure),
            verb => {
                go += 1;
                let purge = verb == "Purg";
                (of, if purge { Action::Purge } else { Action::Remove })
            }
        };
        plan.steps.push(Step {
            package: Some(name.to_owned()),
            architecture,
            action,
        });
    }
    match told {
        Some((number, line, (all, gone))) if come < all || go < gone => {
            Err(fault(number, "fewer steps follow than this says", line))
        }
        _ => Ok(plan),
    }
}

/// A name as apt writes it into that of an archive (`QuoteString` of apt 2.6
/// `apt-pkg/contrib/strutl.cc`): what is not plain by its number.
fn quoted(name: &str, bad: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        let c = char::from(byte);
        if !byte.is_ascii_graphic() || byte == b'%' || bad.contains(c) {
            let _ = write!(out, "%{byte:02x}");
        } else {
            out.push(c);
        }
    }
    out
}

/// A line of apk: how many there are, what is done, and with what.
struct Change<'a> {
    at: usize,
    of: usize,
    verb: &'a str,
    name: &'a str,
    versions: &'a str,
}

/// `(1/3) Upgrading busybox@edge (1.36.1-r2 -> 1.36.1-r5)`.
fn apk_change(line: &str) -> Option<Change<'_>> {
    let (count, rest) = line.strip_prefix('(')?.split_once(") ")?;
    let (at, of) = count.split_once('/')?;
    let rest = rest
        .strip_prefix("[APK unavailable, skipped] ")
        .unwrap_or(rest);
    let (rest, versions) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    let (verb, name) = rest.rsplit_once(' ')?;
    let known = [
        "Installing",
        "Reinstalling",
        "Upgrading",
        "Downgrading",
        "Replacing",
        "Purging",
        "Updating pinning",
    ];
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    known.contains(&verb).then_some(Change {
        at: at.parse().ok()?,
        of: of.parse().ok()?,
        verb,
        name,
        versions,
    })
}

fn apk(lines: &[(usize, &[u8])]) -> Result<Plan, Fault> {
    let mut plan = Plan::of(Some("apk"));
    let mut last = None;
    for (number, line) in lines {
        let Some(change) = text(line).and_then(apk_change) else {
            continue;
        };
        last = Some((*number, *line, change.at == change.of));
        let new = change.versions.rsplit(" -> ").next().unwrap_or("");
        let action = match change.verb {
            "Updating pinning" => continue,
            "Purging" => Action::Remove,
            // In its cache the name ends with a part of the checksum.
            verb => Action::Fetched {
                file: format!("{}-{new}.*.apk", change.name),
                upgrade: verb != "Installing",
            },
        };
        plan.steps.push(Step {
            package: Some(change.name.to_owned()),
            architecture: None,
            action,
        });
    }
    match last {
        Some((number, line, false)) => Err(fault(number, "more should follow", line)),
        _ => Ok(plan),
    }
}

/// `zypper --xmlout ... --dry-run`: `install-summary`, with a list for each thing that is
/// done.
fn zypper(bytes: &[u8]) -> Result<Plan, Fault> {
    let odd =
        |line: usize, message: &'static str, what: &str| fault(line, message, what.as_bytes());
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let what = error.to_string();
        odd(1, "the output of zypper is no text", &what)
    })?;
    let document = xml::document(text).map_err(|error| {
        let line = usize::try_from(error.pos().row).unwrap_or(1);
        odd(
            line,
            "the output of zypper does not end",
            &error.to_string(),
        )
    })?;
    let row = |of: &roxmltree::Node<'_, '_>| {
        usize::try_from(document.text_pos_at(of.range().start).row).unwrap_or(1)
    };
    let mut all = document.root_element().descendants();
    // What it asks about a conflict comes before.
    let summary = all.rfind(|of| of.has_tag_name("install-summary"));
    let summary = summary.ok_or_else(|| {
        let what = "no install-summary";
        odd(1, "zypper would do nothing before it is answered", what)
    })?;
    let mut plan = Plan::of(Some("rpm"));
    let mut seen = HashSet::new();
    let mut count = 0;
    for list in summary.children().filter(roxmltree::Node::is_element) {
        let Some(what) = list.tag_name().name().strip_prefix("to-") else {
            continue;
        };
        let solvables = list.children().filter(|of| of.has_tag_name("solvable"));
        for of in solvables.filter(|of| of.attribute("type") == Some("package")) {
            let of_it = |name: &str| {
                let shown = text.get(of.range()).and_then(|all| all.lines().next());
                let found = of.attribute(name);
                found.ok_or_else(|| odd(row(&of), "a solvable without a name", shown.unwrap_or("")))
            };
            let (name, edition, arch) = (of_it("name")?, of_it("edition")?, of_it("arch")?);
            count += 1;
            let action = if what == "remove" {
                Action::Remove
            } else {
                // The name of a file has no epoch.
                let edition = edition.split_once(':').map_or(edition, |(_, rest)| rest);
                Action::Fetched {
                    file: format!("{name}-{edition}.{arch}.rpm"),
                    upgrade: what != "install",
                }
            };
            let step = Step {
                package: Some(name.to_owned()),
                architecture: Some(arch.to_owned()),
                action,
            };
            // One that changes its vendor is upgraded too.
            if seen.insert(step.clone()) {
                plan.steps.push(step);
            }
        }
    }
    let told = summary.attribute("packages-to-change");
    let told = told.and_then(|told| told.parse::<usize>().ok());
    match told {
        Some(told) if count < told => {
            let what = format!("{count} of {told}");
            Err(odd(row(&summary), "fewer packages than it says", &what))
        }
        _ => Ok(plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let plan = super::super::parse(text.as_bytes()).unwrap();
        let name = |step: &Step| {
            let of = step.architecture.as_deref().unwrap_or("?");
            format!("{}:{of}", step.package.as_deref().unwrap_or("?"))
        };
        let steps = plan.steps.iter().map(|step| match &step.action {
            Action::Fetched { file, upgrade } => {
                let how = if *upgrade { "for the old" } else { "new" };
                format!("{file} {how}")
            }
            action => format!("{} {action:?}", name(step)),
        });
        steps.collect()
    }

    fn line_of(text: &str) -> usize {
        super::super::parse(text.as_bytes()).unwrap_err().line
    }

    const APT: &str = "\
Reading package lists...
Building dependency tree...
The following packages will be REMOVED:
  libgcc1:i386 systemd-sysv
The following NEW packages will be installed:
  sysvinit-core
1 upgraded, 1 newly installed, 2 to remove and 123 not upgraded.
Remv systemd-sysv [252.38-1] [init:amd64 ]
Purg libgcc1:i386 [1:8.3-1]
Inst sysvinit-core (3.06-4 Debian:12.15/oldstable [amd64])
Inst keepalived [1:2.2.4-1] (1:2.2.7+b1-1 Debian:12.15/oldstable, Other:1 [amd64]) []
Conf sysvinit-core (3.06-4 Debian:12.15/oldstable [amd64])
Conf keepalived (1:2.2.7+b1-1 Debian:12.15/oldstable [amd64])
";

    #[test]
    fn what_apt_would_do_is_read_from_its_simulation() {
        assert_eq!(
            shown(APT),
            [
                "systemd-sysv:? Remove",
                "libgcc1:i386 Purge",
                "sysvinit-core_3.06-4_amd64.deb new",
                "keepalived_1%3a2.2.7+b1-1_amd64.deb for the old",
                "sysvinit-core:? Configure",
                "keepalived:? Configure",
            ]
        );
        // In another language there is nothing to count.
        let german = "Inst hello (2.10-3 Debian:12/stable [amd64])\n";
        assert_eq!(shown(german), ["hello_2.10-3_amd64.deb new"]);
        let nothing = "0 upgraded, 0 newly installed, 0 to remove and 123 not upgraded.\n";
        assert!(shown(nothing).is_empty());
    }

    #[test]
    fn half_a_simulation_is_none() {
        let cut = APT.find("Inst keepalived").unwrap();
        assert_eq!(line_of(&APT[..cut]), 7);
        assert_eq!(line_of("Inst hello (2.10-3 Debian [amd64]\n"), 1);
        assert_eq!(line_of("(1/2) Purging ifupdown-ng (0.12-r0)\n"), 1);
        let zypper = "<?xml version='1.0'?>\n<stream>\n<install-summary>\n<to-remove>";
        assert_eq!(line_of(zypper), 1);
        let asked = "<?xml version='1.0'?>\n<stream><prompt id='1'/></stream>";
        assert_eq!(line_of(asked), 1);
        let refused = "Reading package lists...\nBuilding dependency tree...\n\n";
        assert_eq!(line_of(refused), 2);
        assert_eq!(
            line_of(&format!("{refused}E: Unable to locate package x\nW: y\n")),
            4
        );
        let fewer = "<stream>\n<install-summary packages-to-change='2'><to-remove>\
            <solvable type='package' name='a' edition='1-1' arch='noarch'/></to-remove>\
            </install-summary></stream>";
        assert_eq!(line_of(fewer), 2);
    }

    #[test]
    fn what_apk_would_do_is_read_from_its_simulation() {
        let text = "(1/4) Purging ifupdown-ng (0.12.1-r2)\n(2/4) Installing linux-lts (6.6.8-r0)\n\
            (3/4) Upgrading busybox@edge (1.36.1-r2 -> 1.36.1-r5)\n\
            (4/4) Updating pinning openrc (0.52-r1)\nOK: 123 MiB in 40 packages\n";
        assert_eq!(
            shown(text),
            [
                "ifupdown-ng:? Remove",
                "linux-lts-6.6.8-r0.*.apk new",
                "busybox-1.36.1-r5.*.apk for the old",
            ]
        );
    }

    #[test]
    fn what_zypper_would_do_is_read_from_its_summary() {
        // As zypper 1.14.42 prints it, without what it says of its repositories.
        let text = "<?xml version='1.0'?>\n<stream>\n<prompt id=\"1\"></prompt>\n\
            <install-summary download-size=\"11986\" packages-to-change=\"3\">\n\
            <to-upgrade><solvable type=\"package\" name=\"aa\" edition=\"2-1\" arch=\"noarch\" \
            edition-old=\"1-1\" summary=\"x\"><description>x</description></solvable></to-upgrade>\n\
            <to-install><solvable type=\"package\" name=\"cc\" edition=\"3:1-1\" arch=\"x86_64\"/>\
            <solvable type=\"patch\" name=\"cc\" edition=\"3\" arch=\"noarch\"/></to-install>\n\
            <to-remove><solvable type=\"package\" name=\"bb\" edition=\"1-1\" arch=\"noarch\"/>\
            </to-remove>\n</install-summary>\n</stream>\n";
        assert_eq!(
            shown(text),
            [
                "aa-2-1.noarch.rpm for the old",
                "cc-1-1.x86_64.rpm new",
                "bb:noarch Remove",
            ]
        );
    }
}
