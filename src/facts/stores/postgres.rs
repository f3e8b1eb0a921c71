//! Clusters of `PostgreSQL`: where distributions keep them, and what in their directories
//! makes the server refuse to start (`PostgreSQL` 15 `src/backend/utils/init/miscinit.c`,
//! `ValidatePgVersion`; `src/backend/access/transam/xlogrecovery.c`,
//! `readRecoverySignalFile`, `validateRecoveryParameters`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::text::{File, Place};

/// Files inside each other at most (`CONF_FILE_MAX_DEPTH`).
const DEPTH: usize = 10;
/// Most files of one configuration.
const MOST: usize = 200;

/// A cluster, as `PostgreSQL` calls the data of one server.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `15/main`, or its directory.
    pub name: String,
    /// The major version of the server that is started on it, where that is known.
    pub version: Option<String>,
    /// Its data.
    pub data: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// Whether its start is left to somebody, with the line that says so.
    pub by_hand: Option<Place>,
}

/// Why a server does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its data is of another major version, this one.
    Version(String, Place),
    /// `recovery.conf`, which is no more since 12.
    RecoveryConf(PathBuf),
    /// `recovery.signal`, and no `restore_command`.
    NoRestoreCommand(PathBuf),
}

/// The clusters of a host.
#[must_use]
pub fn clusters(host: &Host) -> Listing<Cluster> {
    let mut out = Listing::new();
    let tree = host.tree();
    // Debian's, each below its version (postgresql-common 248).
    for version in out.take_gaps(tree.entries(Path::new("/etc/postgresql"))) {
        let Some(number) = version.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        for dir in out.take_gaps(tree.entries(&version)) {
            let config = dir.join("postgresql.conf");
            let Some(name) = dir.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if out.take(tree.lstat(&config)).is_none() {
                continue;
            }
            let options = options(host, &config, None);
            let data = options.items.iter().rfind(|o| o.name == "data_directory");
            let data = data.map_or_else(
                || PathBuf::from(format!("/var/lib/postgresql/{number}/{name}")),
                |option| PathBuf::from(&option.value),
            );
            out.gaps.extend(options.gaps);
            let start = out.take(tree.read(&dir.join("start.conf")));
            out.items.push(Cluster {
                name: format!("{number}/{name}"),
                version: Some(number.to_owned()),
                data,
                config,
                by_hand: start.and_then(|file| by_hand(&file)),
            });
        }
    }
    // The project's own packages for Fedora and its kin, each with its version.
    for dir in out.take_gaps(tree.entries(Path::new("/var/lib/pgsql"))) {
        let number = dir.file_name().and_then(|name| name.to_str());
        let is_number = |name: &&str| name.bytes().all(|b| b.is_ascii_digit());
        if let Some(number) = number.filter(is_number) {
            let data = dir.join("data");
            add(host, data, Some(number.to_owned()), &mut out);
        }
    }
    // Fedora's and Arch's own: one, of the version that is installed.
    for (dir, package) in [
        ("/var/lib/pgsql/data", "postgresql-server"),
        ("/var/lib/postgres/data", "postgresql"),
    ] {
        let installed = match host.packages() {
            Fact::Known(packages) => packages.version_of(package).map(major),
            _ => None,
        };
        add(host, PathBuf::from(dir), installed, &mut out);
    }
    out
}

fn add(host: &Host, data: PathBuf, version: Option<String>, out: &mut Listing<Cluster>) {
    if out
        .take(host.tree().lstat(&data.join("PG_VERSION")))
        .is_some()
    {
        out.items.push(Cluster {
            name: crate::text::escape_path(&data),
            version,
            config: data.join("postgresql.conf"),
            data,
            by_hand: None,
        });
    }
}

/// `15` of `1:15.4-1`; `9.6` of `9.6.24`, as versions were counted before 10.
fn major(version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let mut parts = version.split(['.', '-']);
    let first = parts.next().unwrap_or("").to_owned();
    match first.parse::<u32>() {
        Ok(number) if number < 10 => format!("{first}.{}", parts.next().unwrap_or("0")),
        _ => first,
    }
}

/// The word of Debian's start.conf where it is not `auto`.
fn by_hand(file: &Arc<File>) -> Option<Place> {
    let mut lines = file.lines();
    lines.find_map(|(span, line)| {
        let line = line.split(|b| *b == b'#').next().unwrap_or(line);
        matches!(line.trim_ascii(), b"manual" | b"disabled").then(|| file.place(span))
    })
}

/// One option of a configuration.
#[derive(Clone, Debug)]
struct PgOption {
    name: String,
    value: String,
}

/// The options in the order in which they count: the last of a name does. What `ALTER
/// SYSTEM` wrote into the data comes last.
fn options(host: &Host, config: &Path, data: Option<&Path>) -> Listing<PgOption> {
    let mut out = Listing::new();
    let mut left = MOST;
    read(host, config, 0, &mut left, &mut out);
    if let Some(data) = data {
        read(
            host,
            &data.join("postgresql.auto.conf"),
            0,
            &mut left,
            &mut out,
        );
    }
    out
}

fn read(host: &Host, path: &Path, depth: usize, left: &mut usize, out: &mut Listing<PgOption>) {
    if depth >= DEPTH || *left == 0 {
        let doubt = Doubt::Limit(format!(
            "more than {MOST} files, or {DEPTH} inside each other"
        ));
        out.gaps.push(Unknown::new(path, doubt));
        return;
    }
    *left -= 1;
    let Some(file) = out.take(host.tree().read(path)) else {
        return;
    };
    for (_, line) in file.lines() {
        let text = String::from_utf8_lossy(line).into_owned();
        let Some((name, value)) = assignment(&text) else {
            continue;
        };
        let below = path.parent().unwrap_or(Path::new("/")).join(&value);
        match name.as_str() {
            "include" | "include_if_exists" => read(host, &below, depth + 1, left, out),
            "include_dir" => {
                let found = out.take_gaps(host.tree().entries(&below));
                let fits = |path: &&PathBuf| {
                    let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
                    name.ends_with(b".conf") && !name.starts_with(b".")
                };
                for path in found.iter().filter(fits) {
                    read(host, path, depth + 1, left, out);
                }
            }
            _ => out.items.push(PgOption { name, value }),
        }
    }
}

/// `name = value`, `name value`, with quotes around the value or without
/// (`src/backend/utils/misc/guc-file.l`).
fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && !"_.$".contains(c));
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let value = match rest.strip_prefix('\'') {
        Some(quoted) => {
            let mut value = String::new();
            let mut marks = quoted.chars().peekable();
            while let Some(mark) = marks.next() {
                match mark {
                    '\'' if marks.peek() == Some(&'\'') => {
                        marks.next();
                        value.push('\'');
                    }
                    '\'' => break,
                    '\\' => value.extend(marks.next()),
                    other => value.push(other),
                }
            }
            value
        }
        None => rest.split(['#', ' ', '\t']).next().unwrap_or("").to_owned(),
    };
    Some((name.to_ascii_lowercase(), value))
}

/// What in its directory makes the server of a cluster refuse to start; Absent where
/// nothing does, or where its data is not there.
pub fn refusal(host: &Host, cluster: &Cluster) -> Fact<Refusal> {
    let tree = host.tree();
    let nothing = || Fact::Absent(crate::fact::Looked::at(&cluster.data));
    let version = tree.read(&cluster.data.join("PG_VERSION")).map(|file| {
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        (text.trim().to_owned(), file.place(file.line_span(1)))
    });
    let (own, place) = match version {
        Fact::Known(found) => found,
        Fact::Absent(_) => return nothing(),
        other => return other.map(|(own, place)| Refusal::Version(own, place)),
    };
    if cluster
        .version
        .as_ref()
        .is_some_and(|wanted| *wanted != own)
    {
        return Fact::Known(Refusal::Version(own, place));
    }
    let before_12 = own.split('.').next().and_then(|n| n.parse::<u32>().ok());
    if before_12.is_none_or(|number| number < 12) {
        return nothing();
    }
    let conf = cluster.data.join("recovery.conf");
    let (standby, signal) = (
        cluster.data.join("standby.signal"),
        cluster.data.join("recovery.signal"),
    );
    match tree.lstat(&conf) {
        Fact::Absent(_) => {}
        other => return other.map(|_| Refusal::RecoveryConf(conf)),
    }
    match tree.lstat(&signal) {
        Fact::Known(_) => {}
        Fact::Absent(_) => return nothing(),
        other => return other.map(|_| Refusal::NoRestoreCommand(signal)),
    }
    // A standby may do without.
    match tree.lstat(&standby) {
        Fact::Known(_) => return nothing(),
        Fact::Absent(_) => {}
        other => return other.map(|_| Refusal::NoRestoreCommand(signal)),
    }
    let options = options(host, &cluster.config, Some(&cluster.data));
    let command = options.items.iter().rfind(|o| o.name == "restore_command");
    match options.gaps.into_iter().next() {
        _ if command.is_some_and(|option| !option.value.is_empty()) => nothing(),
        Some(unknown) => Fact::Unknown(unknown),
        None => Fact::Known(Refusal::NoRestoreCommand(signal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_server_reads_them() {
        let of = |line: &str| assignment(line).map(|(_, value)| value);
        assert_eq!(
            of("restore_command = 'cp ''a'' %p' # x").as_deref(),
            Some("cp 'a' %p")
        );
        assert_eq!(of("Restore_Command=''").as_deref(), Some(""));
        assert_eq!(of("port 5432 # x").as_deref(), Some("5432"));
        assert_eq!(of("# port = 1"), None);
        assert_eq!(
            assignment("include_dir 'conf.d'"),
            Some(("include_dir".into(), "conf.d".into()))
        );
    }

    #[test]
    fn majors_are_two_numbers_before_10() {
        assert_eq!(major("15.4-1.fc39"), "15");
        assert_eq!(major("1:17.2-3"), "17");
        assert_eq!(major("9.6.24-1"), "9.6");
    }
}
