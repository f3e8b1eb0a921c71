//! Enabled start scripts without a unit of their own become units (systemd 257
//! `src/sysv-generator/sysv-generator.c`; gone in 260).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Body, LATE, Writer, escape_specifiers, mangle};
use crate::fact::Fact;
use crate::parse::unit::{Flags, UnitType, split};
use crate::source::FileKind;

/// The targets that stand for runlevels.
const LEVELS: [(&str, &str); 5] = [
    ("rc1.d", "rescue.target"),
    ("rc2.d", "multi-user.target"),
    ("rc3.d", "multi-user.target"),
    ("rc4.d", "multi-user.target"),
    ("rc5.d", "graphical.target"),
];

/// One script.
struct Script {
    path: PathBuf,
    priority: Option<u32>,
    header: Header,
    targets: BTreeSet<&'static str>,
}

/// What its comments say.
#[derive(Default)]
struct Header {
    lsb: bool,
    pid_file: Option<String>,
    before: Vec<String>,
    after: Vec<String>,
    wants: Vec<String>,
    aliases: Vec<String>,
}

pub(super) fn run(w: &mut Writer<'_>) {
    let mut scripts = scripts(w);
    levels(w, &mut scripts);
    let order: Vec<(String, Option<u32>, bool)> = scripts
        .iter()
        .map(|(name, script)| (name.clone(), script.priority, script.header.lsb))
        .collect();
    // Scripts win over the names that others provide.
    for (name, script) in &scripts {
        write(w, name, script, &order);
    }
    for (name, script) in &scripts {
        for alias in &script.header.aliases {
            w.out.link(&Path::new(LATE).join(alias), name, w.by, None);
        }
    }
}

/// `foo.sh` is `foo.service`.
fn unit_of(name: &str) -> Option<String> {
    mangle(name.strip_suffix(".sh").unwrap_or(name), UnitType::Service)
}

fn scripts(w: &mut Writer<'_>) -> BTreeMap<String, Script> {
    let mut found = BTreeMap::new();
    let dir = Path::new("/etc/init.d");
    let listing = w.context.tree.entries(dir);
    w.open.extend(listing.gaps);
    for path in listing.items {
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if super::super::dropins::is_hidden(file) {
            continue;
        }
        let runs = match w.context.tree.resolve(&path) {
            Fact::Known(found) => found.meta.kind == FileKind::File && found.meta.mode & 0o100 != 0,
            Fact::Unknown(unknown) => {
                w.open.push(unknown);
                false
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => false,
        };
        let Some(name) = unit_of(file).filter(|_| runs) else {
            continue;
        };
        if found.contains_key(&name) || (w.context.on_disk)(&name) {
            continue;
        }
        let header = match w.context.tree.read(&path) {
            Fact::Known(script) => header(script.bytes(), file),
            Fact::Unknown(unknown) => {
                w.open.push(unknown);
                continue;
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
        };
        let script = Script {
            path,
            priority: None,
            header,
            targets: BTreeSet::new(),
        };
        found.insert(name, script);
    }
    found
}

fn levels(w: &mut Writer<'_>, scripts: &mut BTreeMap<String, Script>) {
    for (dir, target) in LEVELS {
        let listing = w.context.tree.entries(&Path::new("/etc").join(dir));
        w.open.extend(listing.gaps);
        for path in listing.items {
            let Some(link) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let number = link.strip_prefix('S').and_then(|rest| rest.get(..2));
            let number = number.filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
            let number = number.and_then(|n| n.parse::<u32>().ok());
            let name = link.get(3..).filter(|rest| !rest.is_empty());
            let (Some(number), Some(name)) = (number, name.and_then(unit_of)) else {
                continue;
            };
            if let Some(script) = scripts.get_mut(&name) {
                script.priority = script.priority.max(Some(number));
                script.targets.insert(target);
            }
        }
    }
}

fn write(w: &mut Writer<'_>, name: &str, script: &Script, order: &[(String, Option<u32>, bool)]) {
    let header = &script.header;
    let path = escape_specifiers(&script.path.to_string_lossy());
    let mut body = Body::new("[Unit]\nDocumentation=man:systemd-sysv-generator(8)\n");
    body.set("SourcePath", &path);
    for unit in header
        .before
        .iter()
        .map(String::as_str)
        .chain(script.targets.iter().copied())
    {
        body.set("Before", unit);
    }
    for unit in &header.after {
        body.set("After", unit);
    }
    for unit in &header.wants {
        body.set("Wants", unit);
    }
    // Numbers order what has no modern header.
    if let Some(own) = script.priority {
        for (other, priority, lsb) in order {
            let Some(priority) = priority.filter(|_| other != name) else {
                continue;
            };
            if header.lsb && *lsb {
                continue;
            }
            match priority.cmp(&own) {
                std::cmp::Ordering::Less => body.set("After", other),
                std::cmp::Ordering::Greater => body.set("Before", other),
                std::cmp::Ordering::Equal => {}
            }
        }
    }
    let remain = if header.pid_file.is_some() {
        "no"
    } else {
        "yes"
    };
    body.add(&format!(
        "\n[Service]\nType=forking\nRestart=no\nTimeoutSec=5min\nIgnoreSIGPIPE=no\n\
         KillMode=process\nGuessMainPID=no\nRemainAfterExit={remain}\n"
    ));
    if let Some(pid_file) = &header.pid_file {
        body.set("PIDFile", &escape_specifiers(pid_file));
    }
    body.set("ExecStart", &format!("{path} start"));
    body.set("ExecStop", &format!("{path} stop"));
    w.file(LATE, name, &body, None);
    for target in &script.targets {
        let link = Path::new(LATE).join(format!("{target}.wants/{name}"));
        w.out.link(&link, format!("../{name}"), w.by, None);
    }
}

/// What the comments of a script say; `file` is its name.
fn header(bytes: &[u8], file: &str) -> Header {
    let mut header = Header::default();
    let mut inside = false;
    for line in String::from_utf8_lossy(bytes).split(['\n', '\r', '\0']) {
        let line = line.trim_matches([' ', '\t']);
        let Some(comment) = line.strip_prefix('#') else {
            continue;
        };
        if !inside && line == "### BEGIN INIT INFO" {
            inside = true;
            header.lsb = true;
            continue;
        }
        if inside && line == "### END INIT INFO" {
            inside = false;
            continue;
        }
        let comment = comment.trim_start_matches([' ', '\t']);
        let value = |key: &str| {
            let is = comment
                .get(..key.len())
                .is_some_and(|k| k.eq_ignore_ascii_case(key));
            is.then(|| comment.get(key.len()..).unwrap_or("").trim())
        };
        if !inside {
            let path = value("pidfile:").filter(|path| path.starts_with('/'));
            header.pid_file = path.map(str::to_owned).or(header.pid_file);
            continue;
        }
        if let Some(names) = value("Provides:") {
            header.provides(names, file);
        }
        for (key, is_before) in [
            ("Required-Start:", false),
            ("Should-Start:", false),
            ("X-Start-Before:", true),
            ("X-Start-After:", false),
        ] {
            if let Some(names) = value(key) {
                header.ordered(names, file, is_before);
            }
        }
    }
    header
}

fn words(text: &str) -> Vec<String> {
    let words = split(text.as_bytes(), Flags::PATHS).words.into_iter();
    words
        .map(|word| String::from_utf8_lossy(&word.bytes).into_owned())
        .collect()
}

/// The unit of a facility (`sysv_translate_facility`).
fn facility(name: &str, file: &str) -> Option<String> {
    let plain = name.strip_prefix('$').unwrap_or(name);
    match plain {
        "local_fs" | "syslog" => return None,
        "network" => return Some("network-online.target".to_owned()),
        "named" => return Some("nss-lookup.target".to_owned()),
        "portmap" => return Some("rpcbind.target".to_owned()),
        "remote_fs" => return Some("remote-fs.target".to_owned()),
        "time" => return Some("time-sync.target".to_owned()),
        _ => {}
    }
    if name.starts_with('$') {
        let target = format!("{plain}.target");
        let plain_name = plain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":-_.\\".contains(&b));
        return (plain_name && UnitType::of(&target).is_some()).then_some(target);
    }
    if plain == file.strip_suffix(".sh").unwrap_or(file) {
        return None;
    }
    unit_of(plain)
}

impl Header {
    fn provides(&mut self, names: &str, file: &str) {
        for unit in words(names).iter().filter_map(|name| facility(name, file)) {
            match UnitType::of(&unit) {
                Some(UnitType::Service) => self.aliases.push(unit),
                Some(UnitType::Target) => {
                    let network = unit == "network-online.target";
                    let also = network.then(|| "network.target".to_owned());
                    for unit in std::iter::once(unit).chain(also) {
                        self.before.push(unit.clone());
                        self.wants.push(unit);
                    }
                }
                _ => {}
            }
        }
    }

    fn ordered(&mut self, names: &str, file: &str, is_before: bool) {
        for unit in words(names).iter().filter_map(|name| facility(name, file)) {
            if is_before {
                self.before.push(unit);
                continue;
            }
            if unit == "network-online.target" {
                self.wants.push(unit.clone());
            }
            self.after.push(unit);
        }
    }
}
