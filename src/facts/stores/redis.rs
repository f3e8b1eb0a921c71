//! Redis and Valkey: what is configured, what is on disk, and what the running server
//! says of itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rdb::holds_keys;
use crate::fact::{Doubt, Fact, Listing, Unknown, Why};
use crate::facts::Host;
use crate::facts::running::{Process, command_line, of_running, place_of, processes};
use crate::parse::redis_conf::{self, Directive};
use crate::probe::{Address, Probe, ProbeError};
use crate::text::File;

/// Where distributions keep the configuration.
const DIRS: [&str; 2] = ["/etc/redis", "/etc/valkey"];
const FILES: [&str; 2] = ["/etc/redis.conf", "/etc/valkey.conf"];
/// Files inside each other at most.
const DEPTH: usize = 8;
/// Bytes of a dump in which its head ends.
const HEAD: u64 = 4096;

/// A configuration file with what it includes, in the order in which it counts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    directives: Vec<Directive>,
}

impl Config {
    /// The directive that counts: the last of its name.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().rfind(|d| d.name == name)
    }

    fn word(&self, name: &str) -> Option<&[u8]> {
        self.last(name)?.words.first().map(Vec::as_slice)
    }

    fn text(&self, name: &str, default: &str) -> String {
        let word = self.word(name).map(String::from_utf8_lossy);
        word.map_or_else(|| default.to_owned(), std::borrow::Cow::into_owned)
    }

    /// The port, 6379 where none is named.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.text("port", "6379").parse().unwrap_or(6379)
    }

    /// The directive that keeps an append-only file.
    #[must_use]
    pub fn append_only(&self) -> Option<&Directive> {
        let directive = self.last("appendonly")?;
        let is_yes = |word: &Vec<u8>| word.eq_ignore_ascii_case(b"yes");
        directive
            .words
            .first()
            .is_some_and(is_yes)
            .then_some(directive)
    }

    /// Whether it writes dumps by itself: it does where nothing is said of that.
    #[must_use]
    pub fn has_save_points(&self) -> bool {
        let Some(save) = self.last("save") else {
            return true;
        };
        save.words.iter().any(|word| !word.is_empty())
    }

    fn password(&self) -> Option<&[u8]> {
        self.word("requirepass").filter(|word| !word.is_empty())
    }

    /// The directory of the data, where it is absolute.
    #[must_use]
    pub fn dir(&self) -> Option<PathBuf> {
        let dir = PathBuf::from(std::ffi::OsStr::from_bytes(self.word("dir")?));
        dir.is_absolute().then_some(dir)
    }
}

/// What the server finds when it starts with an append-only file configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Its data, or nothing at all.
    Whole,
    /// A dump full of keys, which it does not read (7.0 `src/server.c`,
    /// `loadDataFromDisk`); the append-only file it reads is not there.
    PastItsDump {
        /// The dump.
        dump: PathBuf,
        /// Its size, bytes.
        bytes: u64,
        /// Where the append-only file would be.
        looked: Vec<PathBuf>,
    },
}

/// The configurations of a host.
#[must_use]
pub fn configs(host: &Host) -> Listing<Config> {
    let mut out = Listing::new();
    let mut paths: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    for dir in DIRS {
        let entries = out.take_gaps(host.tree().entries(Path::new(dir)));
        let is_one = |path: &PathBuf| {
            let name = path.file_name().map_or(&b""[..], |name| name.as_bytes());
            name.ends_with(b".conf") && !name.starts_with(b"sentinel")
        };
        paths.extend(entries.into_iter().filter(is_one));
    }
    for path in paths {
        let Some(file) = out.take(host.tree().read(&path)) else {
            continue;
        };
        let mut directives = Vec::new();
        collect(host, &file, 0, &mut directives, &mut out);
        out.items.push(Config { path, directives });
    }
    out
}

fn collect(
    host: &Host,
    file: &Arc<File>,
    depth: usize,
    into: &mut Vec<Directive>,
    gaps: &mut Listing<Config>,
) {
    for directive in redis_conf::parse(file) {
        if directive.name != "include" {
            into.push(directive);
            continue;
        }
        let Some(word) = directive.words.first() else {
            continue;
        };
        let path = PathBuf::from(std::ffi::OsString::from_vec(word.clone()));
        if depth >= DEPTH || !path.is_absolute() || word.contains(&b'*') {
            let doubt = Doubt::CannotModel("this include is not followed".to_owned());
            gaps.gaps.push(Unknown::at(directive.place, doubt));
            continue;
        }
        if let Some(file) = gaps.take(host.tree().read(&path)) {
            collect(host, &file, depth + 1, into, gaps);
        }
    }
}

/// What a configured server will find on disk.
#[must_use]
pub fn start(host: &Host, config: &Config) -> Fact<Start> {
    let (Some(_), Some(dir)) = (config.append_only(), config.dir()) else {
        return Fact::Known(Start::Whole);
    };
    let dump = dir.join(config.text("dbfilename", "dump.rdb"));
    // The folder since 7.0, the file before; either holds the data.
    let looked = vec![
        dir.join(config.text("appenddirname", "appendonlydir")),
        dir.join(config.text("appendfilename", "appendonly.aof")),
    ];
    for path in &looked {
        match host.resolve(path) {
            Fact::Absent(_) => {}
            Fact::Known(_) => return Fact::Known(Start::Whole),
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    let found = match host.resolve(&dump) {
        Fact::Known(found) => found,
        Fact::Absent(_) => return Fact::Known(Start::Whole),
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => return Fact::NotCovered(why),
    };
    host.tree().read_head(&dump, HEAD).map(|head| {
        if holds_keys(head.bytes()) == Some(true) {
            Start::PastItsDump {
                dump: dump.clone(),
                bytes: found.meta.len,
                looked: looked.clone(),
            }
        } else {
            Start::Whole
        }
    })
}

/// A running server and what it says.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub address: Address,
    /// What it says of itself: the text of `INFO`, as a file for evidence.
    pub info: Arc<File>,
    /// What `CONFIG GET save` gave: none where that is refused.
    pub save: Option<String>,
    values: BTreeMap<String, String>,
}

impl Server {
    fn new(process: &Process, address: Address, mut info: Vec<u8>, save: Option<String>) -> Self {
        // Its lines end as those of the protocol do.
        info.retain(|byte| *byte != b'\r');
        let path = PathBuf::from(format!("INFO of redis {address}"));
        let info = File::new(&path, info);
        let values = info.lines().filter_map(|(_, line)| {
            let line = String::from_utf8_lossy(line);
            let (key, value) = line.trim_end().split_once(':')?;
            Some((key.to_owned(), value.to_owned()))
        });
        let values = values.collect();
        Self {
            process: process.clone(),
            address,
            info,
            save,
            values,
        }
    }

    /// A value of `INFO`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// A value of `INFO` that is a number; 0 where it is not told.
    #[must_use]
    pub fn number(&self, key: &str) -> u64 {
        let value = self.value(key).and_then(|value| value.parse().ok());
        value.unwrap_or(0)
    }

    /// Whether it saves its data when it is told to end: it has save points.
    #[must_use]
    pub fn saves_at_exit(&self) -> bool {
        self.save
            .as_deref()
            .is_none_or(|points| !points.trim().is_empty())
    }

    /// The line of `INFO` with a value.
    #[must_use]
    pub fn place(&self, key: &str) -> crate::text::Place {
        place_of(&self.info, key)
    }
}

/// The running servers. One that does not answer is a gap, not nothing.
pub(in crate::facts) fn servers(host: &Host) -> Listing<Server> {
    of_running(host, |out| {
        let list = processes(host);
        out.gaps.extend(list.gaps.iter().cloned());
        let is_one = |p: &&Process| matches!(&p.name[..], b"redis-server" | b"valkey-server");
        for process in list.items.iter().filter(is_one) {
            let Some(probe) = &host.probes().0 else {
                out.uncovered.push(Why::ProbesOff);
                break;
            };
            // A child that saves is no server of its own.
            let parent = list.items.iter().find(|p| p.pid == process.parent);
            if parent.is_some_and(|parent| parent.name == process.name) || process.state == b'Z' {
                continue;
            }
            match server(host, process, probe.as_ref()) {
                Ok(server) => out.items.extend(server),
                Err(Unasked::Open(unknown)) => out.gaps.push(unknown),
                Err(Unasked::NotRecorded(address)) => {
                    out.uncovered
                        .push(Why::NotRecorded(format!("redis {address}").into()));
                }
            }
        }
    })
}

/// Why nothing is known of a server.
enum Unasked {
    Open(Unknown),
    NotRecorded(Address),
}

fn server(host: &Host, process: &Process, probe: &dyn Probe) -> Result<Option<Server>, Unasked> {
    let what = process.shown();
    let open = |why: String| {
        let doubt = Doubt::CannotModel(why);
        Unasked::Open(Unknown::new(format!("/proc/{}", process.pid), doubt))
    };
    // `/usr/bin/redis-server 127.0.0.1:6379`: the title that it gives itself.
    let title = command_line(host, process.pid).join(&b' ');
    let title = String::from_utf8_lossy(&title);
    if title.contains("[sentinel]") {
        return Ok(None);
    }
    let Some(address) = address(&title) else {
        return Err(open(format!("{what} does not tell where it listens")));
    };
    if !shares_our_network(host, process.pid) {
        return Err(open(format!(
            "{what} has a network of its own, and was not asked"
        )));
    }
    let deadline = host.tree().deadline();
    let ask = |password: Option<&[u8]>| {
        let info = probe.redis(&address, password, &["INFO"], deadline)?;
        // Renamed or forbidden, it is no reason to know nothing.
        let points = probe.redis(&address, password, &["CONFIG", "GET", "save"], deadline);
        let points = points.ok().map(|text| {
            let text = String::from_utf8_lossy(&text).into_owned();
            text.strip_prefix("save").unwrap_or(&text).to_owned()
        });
        Ok((info, points))
    };
    let mut answer = ask(None);
    if matches!(&answer, Err(ProbeError::Error(text)) if text.starts_with("NOAUTH")) {
        let list = configs(host);
        let port = match &address {
            Address::Tcp(socket) => Some(socket.port()),
            Address::Unix(_) => None,
        };
        let mut known = list
            .items
            .iter()
            .filter(|config| port.is_none_or(|port| config.port() == port));
        if let Some(password) = known.find_map(Config::password) {
            answer = ask(Some(password));
        }
    }
    match answer {
        Ok((info, points)) => Ok(Some(Server::new(process, address, info, points))),
        Err(ProbeError::NotRecorded) => Err(Unasked::NotRecorded(address)),
        Err(error) => {
            let doubt = if error == ProbeError::Silent {
                Doubt::Deadline
            } else {
                Doubt::CannotModel(format!("{what} at {address}: {error}"))
            };
            let at = format!("redis {address}");
            Err(Unasked::Open(Unknown::new(at, doubt)))
        }
    }
}

/// Where a title says that it listens (7.0 `src/server.c`, `redisSetProcTitle`).
fn address(title: &str) -> Option<Address> {
    let mut words = title.split_ascii_whitespace().skip(1);
    let word = words.find(|word| word.contains(':'))?;
    if let Some(path) = word.strip_prefix("unixsocket:") {
        return Some(Address::Unix(PathBuf::from(path)));
    }
    let (host, port) = word.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    let ip = match host {
        "*" | "0.0.0.0" | "" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        host => host.trim_matches(['[', ']']).parse().ok()?,
    };
    Some(Address::Tcp(SocketAddr::new(ip, port)))
}

/// Whether a process sees the same addresses as this program: in a container, the same
/// words mean another server.
fn shares_our_network(host: &Host, pid: u32) -> bool {
    let own = host.tree().read_link(Path::new("/proc/self/ns/net"));
    let its = host
        .tree()
        .read_link(Path::new(&format!("/proc/{pid}/ns/net")));
    match (own, its) {
        (Fact::Known(own), Fact::Known(its)) => own == its,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_tell_where_a_server_listens() {
        let cases = [
            (
                "/usr/bin/redis-server 127.0.0.1:6379",
                Some("127.0.0.1:6379"),
            ),
            ("redis-server *:7000 [cluster]", Some("127.0.0.1:7000")),
            ("redis-server ::1:6379", Some("[::1]:6379")),
            ("redis-server unixsocket:/run/redis/s", Some("/run/redis/s")),
            ("redis-server", None),
            ("redis-server /etc/redis/redis.conf", None),
            ("redis-server 127.0.0.1:0", None),
        ];
        for (title, expected) in cases {
            let found = address(title).map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{title}");
        }
    }
}
