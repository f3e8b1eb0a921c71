//! The services that run now by the unit they belong to: their first process, its program,
//! and since when it runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::proc::{Process, unit};
use super::{command_line, of_running, processes};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::paths;
use crate::probe::{ProbeError, Said, Validator};
use crate::source::FileKind;

/// Ticks of `/proc/PID/stat` in a second: what Linux shows to programs is always 100
/// (`USER_HZ`, Linux 6.1 `include/asm-generic/param.h`).
const TICKS: i64 = 100;

/// One service that runs.
#[derive(Debug)]
pub struct Serving<'a> {
    /// Its unit.
    pub unit: String,
    /// Its first process.
    pub process: &'a Process,
    /// The program, as the kernel names it; without the mark of one that is gone.
    pub program: Option<PathBuf>,
    /// Whether the file of the program is not the one that runs.
    pub is_deleted: bool,
    /// When the process began, seconds since the epoch.
    pub since: Option<i64>,
}

/// The services of units that run now; of each its first process.
#[must_use]
pub fn serving(host: &Host) -> Listing<Serving<'_>> {
    of_running(host, |out| {
        out.gaps.extend(processes(host).gaps.iter().cloned());
        let booted = booted(host);
        let mut seen: BTreeMap<String, &Process> = BTreeMap::new();
        for process in processes(host)
            .items
            .iter()
            .filter(|process| !process.of_kernel && !process.inside)
        {
            let Some(unit) = unit(host, process.pid).filter(|unit| unit.ends_with(".service"))
            else {
                continue;
            };
            // They stand in the order of their numbers, but for those that started anew.
            let first = seen.entry(unit).or_insert(process);
            if process.pid == first.parent {
                *first = process;
            }
        }
        for (unit, process) in seen {
            let exe = PathBuf::from(format!("/proc/{}/exe", process.pid));
            let link = match host.tree().read_link(&exe) {
                Fact::Known(link) => Some(link.to_string_lossy().into_owned()),
                _ => None,
            };
            let gone = link
                .as_deref()
                .and_then(|link| link.strip_suffix(" (deleted)"));
            out.items.push(Serving {
                is_deleted: gone.is_some(),
                program: gone.or(link.as_deref()).map(PathBuf::from),
                since: booted.and_then(|booted| Some(booted + started(host, process.pid)?)),
                process,
                unit,
            });
        }
    })
}

/// When the kernel started, seconds since the epoch (`btime` of `/proc/stat`).
#[must_use]
pub fn booted(host: &Host) -> Option<i64> {
    let Fact::Known(file) = host.tree().read(Path::new("/proc/stat")) else {
        return None;
    };
    let mut lines = file.lines();
    let line = lines.find_map(|(_, line)| line.strip_prefix(b"btime "))?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// Seconds from the start of the kernel to that of a process (field 22 of its `stat`).
fn started(host: &Host, pid: u32) -> Option<i64> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let Fact::Known(file) = host.tree().read(&path) else {
        return None;
    };
    let text = String::from_utf8_lossy(file.bytes()).into_owned();
    // The name, in brackets, may hold anything.
    let behind = text.rsplit_once(')')?.1;
    let ticks: i64 = behind.split_whitespace().nth(19)?.parse().ok()?;
    Some(ticks / TICKS)
}

/// A service whose configuration can be put to the test.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// The program that runs.
    pub program: String,
    /// What it reads when it starts; patterns.
    pub reads: Vec<String>,
    /// What says whether it accepts that; empty where nothing says so.
    #[serde(default)]
    pub command: Vec<String>,
    /// What it says once it accepts the configuration, whatever its status is.
    #[serde(default)]
    pub accepts: Option<String>,
    /// Whether it must be kept from writing.
    #[serde(default)]
    pub fenced: bool,
    /// Options that name a configuration elsewhere.
    #[serde(default)]
    pub options: Vec<String>,
    /// Where that is documented.
    pub source: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    service: Vec<Tested>,
}

/// The services that can be tested.
#[must_use]
pub fn tested() -> Vec<Tested> {
    let table: Result<Table, _> = toml::from_str(include_str!("validators.toml"));
    table.map_or_else(|_| Vec::new(), |table| table.service)
}

/// The files among what a service reads that are younger than its process.
#[must_use]
pub fn younger(host: &Host, tested: &Tested, since: i64) -> Listing<PathBuf> {
    let mut out = Listing::new();
    for pattern in &tested.reads {
        let found = paths::matching(host.tree(), pattern.as_bytes());
        for path in out.take_gaps(found) {
            let Fact::Known(found) = host.resolve(&path) else {
                continue;
            };
            // The second in which it began may be that of its own making.
            if found.meta.kind == FileKind::File && found.meta.mtime > since + 1 {
                out.items.push(path);
            }
        }
    }
    out
}

impl Tested {
    /// Whether a process was told to read something else than what is listed.
    #[must_use]
    pub fn is_elsewhere(&self, host: &Host, process: &Process) -> bool {
        let text = command_line(host, process.pid).join(&b' ');
        let text = String::from_utf8_lossy(&text).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let listed = |word: &&str| self.reads.iter().any(|path| path == word);
        words.iter().enumerate().any(|(at, word)| {
            let option = self.options.iter().any(|option| option == word);
            option && !words.get(at + 1).is_some_and(listed)
        })
    }
}

/// Asks the validator; none where nobody is asked.
#[must_use]
pub fn validate(host: &Host, tested: &Tested) -> Option<Result<Said, ProbeError>> {
    let probe = host.probes().0.as_ref()?;
    let mut words = tested.command.clone();
    let program = words.first_mut()?;
    let dirs = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let mut places = dirs.iter().map(|dir| Path::new(dir).join(&*program));
    let there = places.find(|path| matches!(host.resolve(path), Fact::Known(_)));
    *program = there?.to_string_lossy().into_owned();
    let validator = Validator {
        words,
        accepts: tested.accepts.clone(),
        fenced: tested.fenced,
    };
    match probe.validate(&validator, host.tree().deadline()) {
        Err(ProbeError::Unfenced | ProbeError::NotRecorded) => None,
        answer => Some(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_of_the_table_names_what_it_reads_and_where_that_is_written() {
        let all = tested();
        assert!(all.len() > 7);
        for one in all {
            assert!(!one.source.is_empty(), "{one:?}");
            let untested = one.program == "keepalived";
            assert_eq!(one.command.is_empty(), untested, "{one:?}");
            assert!(
                one.reads.iter().all(|path| path.starts_with("/etc/")),
                "{one:?}"
            );
        }
    }
}
