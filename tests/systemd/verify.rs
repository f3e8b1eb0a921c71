//! What the program finds in each case, against what `systemd-analyze verify` said of it:
//! which boots fail as a whole, which units cannot be started, which programs are not
//! there, which units come before each other.

use std::collections::{BTreeMap, BTreeSet};

use comeback::facts::{Given, Host};
use comeback::rules::{Examined, Level, Selection, examine};
use comeback::source::{Coverage, Limits, Tree};
use comeback::time::Deadline;

use super::maker::Elf;
use super::{VERSIONS, cases, here, source};

/// Reasons that hold for more than one row.
const IDLE: &str = "verify judges a unit that no boot starts";
const MASKED: &str = "only wanted, and masked on purpose: the boot is the same without it";
const GONE: &str =
    "only wanted, and there is no such unit: another rule tells of links that dangle";
const LAME: &str =
    "verify starts it by itself, which fails; a boot before 254 starts it all the same";
const BLAMED: &str = "from 254 on the target that requires it is left out, and that is told; \
     before, systemd starts the target all the same and nothing else is lost";
const CIRCLES: &str = "there are two circles: verify meets either, the shorter one is told";

/// Complaints that only one of both has, by case and complaint, with the versions and
/// the reason.
const EXPLAINED: &[(&str, &str, &[u32], &str)] = &[
    ("alias-loop", "only verify: unit c.service", &VERSIONS, GONE),
    ("alias-loop", "only verify: unit d.service", &VERSIONS, GONE),
    (
        "alias-of-a-masked-unit",
        "only verify: unit a.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "alias-of-a-masked-unit",
        "only verify: unit c.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "command-of-the-stop-is-not-there",
        "only verify: program c.service",
        &VERSIONS,
        "it starts all the same",
    ),
    (
        "command-that-is-not-there-behind-a-condition",
        "only verify: program c.service",
        &VERSIONS,
        "the condition does not hold: it is not started",
    ),
    (
        "command-that-is-not-there-of-a-unit-nobody-wants",
        "only verify: program c.service",
        &VERSIONS,
        IDLE,
    ),
    (
        "cycle-that-takes-along-who-requires-the-victim",
        "only verify: cycle basic.target",
        &VERSIONS,
        CIRCLES,
    ),
    (
        "cycle-that-takes-along-who-requires-the-victim",
        "only here: cycle c.service",
        &VERSIONS,
        CIRCLES,
    ),
    (
        "cycle-through-a-target",
        "only verify: cycle basic.target",
        &VERSIONS,
        CIRCLES,
    ),
    (
        "cycle-through-a-target",
        "only here: cycle c.service",
        &VERSIONS,
        CIRCLES,
    ),
    (
        "dbus-service-without-a-name",
        "only verify: boot fails",
        &[247],
        "it fails an assertion of its own",
    ),
    (
        "dbus-service-without-a-name",
        "only here: unit c.service",
        &[247],
        "it fails an assertion of its own",
    ),
    (
        "default-gone-and-rescue-service-gone",
        "only here: unit rescue.service",
        &VERSIONS,
        "verify knows nothing of rescue.target, which takes the place of the default",
    ),
    (
        "drop-in-alone-makes-a-unit",
        "only verify: unit c.service",
        &VERSIONS,
        GONE,
    ),
    (
        "drop-in-of-a-masked-unit",
        "only verify: unit a.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "instance-that-is-masked",
        "only verify: unit t@one.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "linked-unit-that-is-gone",
        "only verify: unit a.service",
        &VERSIONS,
        GONE,
    ),
    (
        "local-fs-requires-what-is-not-there",
        "only verify: unit gone.mount",
        &VERSIONS,
        BLAMED,
    ),
    (
        "local-fs-requires-what-is-not-there",
        "only here: unit local-fs.target",
        &[257],
        BLAMED,
    ),
    (
        "mount-named-otherwise",
        "only verify: unit data.mount",
        &VERSIONS,
        BLAMED,
    ),
    (
        "mount-named-otherwise",
        "only here: unit local-fs.target",
        &[257],
        BLAMED,
    ),
    (
        "multi-user-masked",
        "only verify: unit multi-user.target",
        &VERSIONS,
        "the default is told of, which is this target",
    ),
    (
        "required-service-is-masked",
        "only verify: unit b.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "target-by-a-drop-in-alone",
        "only verify: unit c.target",
        &VERSIONS,
        GONE,
    ),
    (
        "unit-nobody-wants-is-refused",
        "only verify: unit c.service",
        &VERSIONS,
        IDLE,
    ),
    (
        "wanted-service-is-masked",
        "only verify: unit b.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "wanted-service-requires-what-is-masked",
        "only verify: unit b.service",
        &VERSIONS,
        MASKED,
    ),
    (
        "wanted-service-requires-what-is-masked",
        "only verify: unit c.service",
        &[247, 252],
        LAME,
    ),
    (
        "wanted-service-requires-what-is-not-there",
        "only verify: unit c.service",
        &[247, 252],
        LAME,
    ),
    (
        "wanted-service-requisite-of-what-is-not-there",
        "only verify: unit c.service",
        &[247, 252],
        LAME,
    ),
    (
        "wants-link-dangles",
        "only verify: unit gone.service",
        &VERSIONS,
        GONE,
    ),
];

/// Complaints of a case, each a kind and a unit.
type Complaints = BTreeSet<String>;

/// What verify said of one unit of a case.
struct Verdict {
    unit: String,
    failed: bool,
    lines: Vec<String>,
}

/// The recorded verdicts of each case.
fn recorded(version: u32) -> BTreeMap<String, Vec<Verdict>> {
    let mut all: BTreeMap<String, Vec<Verdict>> = BTreeMap::new();
    let mut name = String::new();
    for line in here(&format!("said/{version}.verify.txt")).lines() {
        if let Some(new) = line.strip_prefix("=== ") {
            new.clone_into(&mut name);
            all.insert(name.clone(), Vec::new());
            continue;
        }
        let verdicts = all.get_mut(&name).unwrap();
        // A message that is not there in every run counts as well.
        if let Some(message) = line.trim_start_matches('?').strip_prefix("| ") {
            verdicts.last_mut().unwrap().lines.push(message.to_owned());
        } else {
            let (unit, status) = line.rsplit_once(' ').unwrap();
            let failed = status != "0";
            verdicts.push(Verdict {
                unit: unit.to_owned(),
                failed,
                lines: Vec::new(),
            });
        }
    }
    all
}

/// What is wrong with a unit, in the words of every version.
fn cannot_start(message: &str) -> bool {
    [
        " not found.",
        " is masked.",
        " has a bad unit file setting.",
        "adjust/correct and reload service manager: Bad message",
        " failed to load properly: Bad message.",
        "socket cannot be started.",
    ]
    .iter()
    .any(|end| message.ends_with(end))
}

/// The complaints of verify.
fn told(verdicts: &[Verdict]) -> Complaints {
    let mut all = Complaints::new();
    for verdict in verdicts {
        let unit = &verdict.unit;
        let whole = unit == "default.target";
        if whole && verdict.failed {
            all.insert("boot fails".to_owned());
        }
        let mut circle = BTreeSet::new();
        for line in &verdict.lines {
            let ignored = line.split_once("Cannot add dependency job, ignoring: Unit ");
            if let Some((_, rest)) = ignored {
                let (other, _) = rest.split_once(' ').unwrap();
                all.insert(format!("unit {other}"));
            } else if !whole && verdict.failed && cannot_start(line) {
                all.insert(format!("unit {unit}"));
            } else if line.contains(" is not executable: ") {
                all.insert(format!("program {unit}"));
            }
            for sign in [": Found ordering cycle on ", ": Found dependency on "] {
                if let Some((from, to)) = line.split_once(sign) {
                    circle.insert(from.to_owned());
                    circle.extend(to.strip_suffix("/start").map(str::to_owned));
                }
            }
        }
        // That of a unit by itself is no cycle of the boot.
        if whole && let Some(first) = circle.first() {
            all.insert(format!("cycle {first}"));
        }
    }
    all
}

/// The complaints of the program.
fn found(examined: &Examined) -> Complaints {
    let mut all = Complaints::new();
    for finding in &examined.findings {
        let unit = &finding.subject;
        match finding.rule {
            "unit-rejected" => {
                all.insert(format!("unit {unit}"));
                continue;
            }
            "unit-executable-missing" => {
                all.insert(format!("program {unit}"));
                continue;
            }
            "target-ordering-cycle" => {
                all.insert(format!("cycle {unit}"));
            }
            "target-requirement-missing" => {
                all.insert(format!("unit {unit}"));
            }
            "target-default-unusable" | "target-units-conflict" => {}
            _ => continue,
        }
        if finding.at_most == Level::Block {
            all.insert("boot fails".to_owned());
        }
    }
    all
}

/// What the program finds in a case of a machine with that systemd.
fn examined(version: u32, name: &str) -> Complaints {
    let cases = cases();
    let (mut source, _) = source(&cases["base"], &cases[name]);
    source.link("/sbin/init", "../lib/systemd/systemd");
    for program in ["/lib/systemd/systemd", "/bin/true", "/bin/false", "/bin/sh"] {
        // It needs no library.
        let mut elf = Elf::program(&[]);
        elf.interpreter = None;
        source.file_mode(program, elf.bytes(), 0o755);
    }
    source.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    source.file("/etc/os-release", "ID=debian\n");
    let status = format!(
        "Package: systemd\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}.1-1\n"
    );
    source.file("/var/lib/dpkg/status", status);
    let tree = Tree::new(
        Box::new(source),
        Coverage::full(true),
        Limits::STANDARD,
        Deadline::none(),
    );
    let given = Given {
        told_full: true,
        ..Given::default()
    };
    let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, given);
    let selection = Selection::default();
    found(&examine(&host, &selection, jiff::SignedDuration::ZERO))
}

#[test]
fn what_verify_complains_of_is_found() {
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    let mut agreed: BTreeMap<u32, usize> = BTreeMap::new();
    for version in VERSIONS {
        for (name, verdicts) in recorded(version) {
            // Verify does not look at the command line.
            if name.starts_with("word-") {
                continue;
            }
            let (told, found) = (told(&verdicts), examined(version, &name));
            if !told.is_empty() && told == found {
                *agreed.entry(version).or_default() += 1;
            }
            let missed = told.difference(&found).map(|c| format!("only verify: {c}"));
            let more = found.difference(&told).map(|c| format!("only here: {c}"));
            for difference in missed.chain(more) {
                let row = EXPLAINED.iter().position(|(case, what, versions, _)| {
                    *case == name && *what == difference && versions.contains(&version)
                });
                match row {
                    Some(row) => {
                        used.insert((row, version));
                    }
                    None => complaints.push(format!("{version} {name}: {difference}")),
                }
            }
        }
    }
    for (row, (case, what, versions, _)) in EXPLAINED.iter().enumerate() {
        for version in *versions {
            if !used.contains(&(row, *version)) {
                complaints.push(format!("{version} {case}: no longer {what}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    for version in VERSIONS {
        let count = agreed.get(&version).copied().unwrap_or(0);
        assert!(
            count >= 20,
            "{version}: both complain alike of {count} cases"
        );
    }
}

#[test]
fn verify_was_shown_every_case() {
    let names: BTreeSet<String> = cases().into_keys().collect();
    for version in VERSIONS {
        let judged: BTreeSet<String> = recorded(version).into_keys().collect();
        assert_eq!(judged, names, "{version}");
    }
}
