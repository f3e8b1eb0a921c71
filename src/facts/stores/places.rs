//! Where data stores are told to keep their data, and which of these places are empty
//! after a boot.

use std::path::{Path, PathBuf};

use super::{mysql, redis};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::systemd::Comes;
use crate::parse::fstab;
use crate::text::{File, Place};

/// A place that is configured for data.
#[derive(Clone, Debug)]
pub struct Data {
    /// Whose.
    pub store: &'static str,
    /// The directory.
    pub dir: PathBuf,
    /// The line that names it.
    pub place: Place,
}

/// Files of stores that name the place as `key = value` or `key=value`: the store, its
/// file or its directory of files, the name of the file, and the key.
const KEYS: [(&str, &str, &str); 8] = [
    ("ZooKeeper", "/etc/zookeeper/conf/zoo.cfg", "dataDir"),
    ("ZooKeeper", "/etc/zookeeper/zoo.cfg", "dataDir"),
    ("ZooKeeper", "/opt/zookeeper/conf/zoo.cfg", "dataDir"),
    ("Kafka", "/etc/kafka/server.properties", "log.dirs"),
    ("Kafka", "/opt/kafka/config/server.properties", "log.dirs"),
    ("etcd", "/etc/default/etcd", "ETCD_DATA_DIR"),
    ("etcd", "/etc/etcd/etcd.conf", "ETCD_DATA_DIR"),
    ("InfluxDB", "/etc/influxdb/influxdb.conf", "dir"),
];

/// The places for data that are configured.
#[must_use]
pub fn configured(host: &Host) -> Listing<Data> {
    let mut out = Listing::new();
    for (store, path, key) in KEYS {
        if let Some(file) = out.take(host.tree().read(Path::new(path))) {
            out.items.extend(named(store, &file, key));
        }
    }
    let clusters = Path::new("/etc/postgresql");
    for version in out.take_gaps(host.tree().entries(clusters)) {
        for cluster in out.take_gaps(host.tree().entries(&version)) {
            if let Some(file) = out.take(host.tree().read(&cluster.join("postgresql.conf"))) {
                out.items
                    .extend(named("PostgreSQL", &file, "data_directory"));
            }
        }
    }
    let options = mysql::options(host);
    let options = out.take_gaps(options);
    if let Some(option) = mysql::last(&options, "datadir") {
        out.items.push(Data {
            store: "MariaDB",
            dir: mysql::data_directory(&options),
            place: option.place.clone(),
        });
    }
    for config in out.take_gaps(redis::configs(host)) {
        let keeps = config.append_only().is_some() || config.has_save_points();
        if let (true, Some(dir), Some(line)) = (keeps, config.dir(), config.last("dir")) {
            out.items.push(Data {
                store: "Redis",
                dir,
                place: line.place.clone(),
            });
        }
    }
    out
}

/// What a key names in a file, several parted by commas; the last line counts.
fn named(store: &'static str, file: &std::sync::Arc<File>, key: &str) -> Vec<Data> {
    let lines = file.lines().filter_map(|(span, line)| {
        let text = String::from_utf8_lossy(line).into_owned();
        let rest = text.trim().strip_prefix(key)?.trim_start();
        let value = rest.strip_prefix('=').unwrap_or(rest).trim();
        let quoted = value.strip_prefix(['"', '\'']);
        let value = match quoted {
            Some(quoted) => quoted.split(['"', '\'']).next().unwrap_or(quoted),
            None => value.split('#').next().unwrap_or(value).trim(),
        };
        Some((value.to_owned(), file.place(span)))
    });
    let Some((value, place)) = lines.last() else {
        return Vec::new();
    };
    let dirs = value
        .split(',')
        .map(str::trim)
        .filter(|dir| dir.starts_with('/'));
    dirs.map(|dir| Data {
        store,
        dir: PathBuf::from(dir),
        place: place.clone(),
    })
    .collect()
}

/// Why a directory is empty after a boot, in words, and the line that says it where there
/// is one; absent where it is kept.
pub fn emptied(host: &Host, dir: &Path) -> Fact<(String, Option<Place>)> {
    let real = match host.tree().resolve(dir) {
        Fact::Known(found) => found.path,
        _ => dir.to_path_buf(),
    };
    for base in ["/run", "/var/run", "/dev/shm"] {
        if real.starts_with(base) || dir.starts_with(base) {
            return Fact::Known((format!("{base} is in memory"), None));
        }
    }
    let fstab = match host.tree().read(Path::new("/etc/fstab")) {
        Fact::Known(file) => fstab::parse(&file),
        Fact::Absent(_) => Vec::new(),
        other => return other.map(|_| (String::new(), None)),
    };
    // The deepest mount decides.
    let above = fstab.into_iter().filter(|entry| {
        let target = String::from_utf8_lossy(&entry.target).into_owned();
        target != "none" && target.starts_with('/') && real.starts_with(&target)
    });
    let deepest = above.max_by_key(|entry| entry.target.len());
    if let Some(entry) = &deepest
        && matches!(&entry.kind[..], b"tmpfs" | b"ramfs")
    {
        let target = String::from_utf8_lossy(&entry.target).into_owned();
        let kind = String::from_utf8_lossy(&entry.kind).into_owned();
        let text = format!("{target} is a {kind}");
        return Fact::Known((text, entry.fields.first().cloned()));
    }
    let own = deepest.is_some_and(|entry| entry.target.starts_with(b"/tmp"));
    if real.starts_with("/tmp") && !own {
        return tmp(host);
    }
    Fact::Absent(crate::fact::Looked::at(dir))
}

/// Whether /tmp is empty after a boot: by systemd's own mount, or by tmpfiles.d(5), where a
/// line of type `D` empties it.
fn tmp(host: &Host) -> Fact<(String, Option<Place>)> {
    if let Fact::Known(boot) = host.systemd()
        && boot.is_in_boot("tmp.mount") == Comes::Starts
    {
        return Fact::Known(("/tmp is a tmpfs: tmp.mount".to_owned(), None));
    }
    for path in ["/etc/tmpfiles.d/tmp.conf", "/usr/lib/tmpfiles.d/tmp.conf"] {
        let file = match host.tree().read(Path::new(path)) {
            Fact::Known(file) => file,
            Fact::Absent(_) => continue,
            other => return other.map(|_| (String::new(), None)),
        };
        let line = file.lines().find(|(_, line)| {
            let mut words = line
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty());
            let kind = words.next().is_some_and(|word| word.starts_with(b"D"));
            kind && words.next() == Some(b"/tmp")
        });
        // The first file of that name hides the other.
        return match line {
            Some((span, _)) => {
                let place = Some(file.place(span));
                Fact::Known(("/tmp is emptied by every boot".to_owned(), place))
            }
            None => Fact::Absent(crate::fact::Looked::at(path)),
        };
    }
    Fact::Absent(crate::fact::Looked::at("/tmp"))
}
