//! Readers of text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback::fact::{Doubt, Fact, Listing, Looked, Unknown};
use comeback::parse::crontab::{self, Daemon, Schedule, TableKind};
use comeback::parse::keepalived as keepalived_conf;
use comeback::parse::{
    anacrontab, apk, apt_conf, assignments, at_job, blkid, busybox_inittab, calendar, cib,
    cloud_config, cmdline, corosync, crypttab, fcrontab, fstab, haproxy, ini, init_script, inittab,
    interfaces, keyfile, lsblk, lvm_conf, maintscript, mountinfo, netplan, openrc_script,
    os_release, package_version, packet_filter, pacman, pam, quorum, redis_conf, sshd_config,
    sysctl, transaction, udev_db, unit, watchdog_conf, yaml,
};
use comeback::policy::{Baseline, Config, parse_comment};
use comeback::shell::{self as sh, Call, Dialect, FileTest, Limits, Program, Source, Value, World};
use comeback::text::{File, Span};
use comeback::time::cron::{Timing, occurrences};
use comeback::time::{self, Zone};

use super::choice;

/// A directory that a configuration may include from: it holds nothing.
struct Nothing;

impl sshd_config::World for Nothing {
    fn include(&self, _: &[u8]) -> Listing<Arc<File>> {
        Listing::new()
    }

    fn service(&self, _: &[u8]) -> Option<u16> {
        None
    }
}

impl interfaces::World for Nothing {
    fn matching(&self, _: &[u8]) -> Listing<Arc<File>> {
        Listing::new()
    }

    fn directory(&self, _: &[u8]) -> Listing<Arc<File>> {
        Listing::new()
    }
}

/// What a reader is called, and what it does with a file.
type Reader = (&'static str, fn(&Arc<File>));

/// The readers of [`tables`], by their number.
pub(super) const READERS: [Reader; 48] = [
    ("fstab", |file| {
        for reader in [fstab::Reader::Getmntent, fstab::Reader::Libmount] {
            let _ = fstab::entries(file, reader);
        }
        let _ = (fstab::parse(file), fstab::problems(file));
    }),
    ("crypttab", |file| {
        for reader in [crypttab::Reader::Systemd, crypttab::Reader::Debian] {
            let _ = crypttab::entries(file, reader);
            let _ = crypttab::problems(file, reader);
        }
    }),
    ("inittab", |file| drop(inittab::parse(file))),
    ("busybox-inittab", |file| drop(busybox_inittab::parse(file))),
    ("interfaces", |file| drop(interfaces::parse(file, &Nothing))),
    ("sshd_config", |file| {
        for (version, vendor) in [
            (Some((7, 4)), sshd_config::Vendor::Other),
            (None, sshd_config::Vendor::Debian),
        ] {
            let build = sshd_config::Build { version, vendor };
            let _ = sshd_config::parse(file, build, &Nothing);
        }
    }),
    ("unit", |file| {
        for version in [None, Some(219), Some(257)] {
            let _ = unit::parse(file, version);
        }
    }),
    ("unit-name", |file| {
        let name = String::from_utf8_lossy(file.bytes());
        let _ = unit::classify(&name);
        let escaped = unit::escape(file.bytes());
        if !file.bytes().is_empty() {
            assert_eq!(unit::unescape(&escaped).as_deref(), Some(file.bytes()));
        }
        let _ = unit::path_unescape(&name);
    }),
    ("unit-span", |file| {
        let _ = unit::parse_span(&String::from_utf8_lossy(file.bytes()));
    }),
    ("anacrontab", |file| drop(anacrontab::parse(file))),
    ("fcrontab", |file| drop(fcrontab::parse(file))),
    ("apk", |file| drop(apk::parse(file))),
    ("assignments", |file| drop(assignments::parse(file))),
    ("at-job", |file| {
        let _ = (at_job::header(file.bytes()), at_job::name(file.bytes()));
    }),
    ("blkid", |file| drop(blkid::parse(file.bytes()))),
    ("lsblk", |file| drop(lsblk::parse(file.bytes()))),
    ("cib", |file| drop(cib::parse(file))),
    ("cloud-config", |file| drop(cloud_config::entries(file))),
    ("cmdline", |file| {
        let _ = cmdline::parse(file.bytes());
        let _ = cmdline::last_value(file.bytes(), b"root");
    }),
    ("corosync", |file| drop(corosync::parse(file))),
    ("haproxy", |file| {
        for line in haproxy::parse(file) {
            let _ = haproxy::addresses(&line);
        }
    }),
    ("ini", |file| drop(ini::parse(file))),
    ("init-script", |file| {
        let _ = (init_script::head(file), init_script::dialect(file));
        drop(maintscript::calls(file.bytes()));
    }),
    ("keyfile", |file| drop(keyfile::parse(file))),
    ("lvm-conf", |file| {
        let _ = lvm_conf::scalar(file.bytes(), "devices", "use_devicesfile");
        let _ = lvm_conf::list(file.bytes(), "devices", "filter");
    }),
    ("mountinfo", |file| drop(mountinfo::parse(file.bytes()))),
    ("netplan", |file| drop(netplan::parse(file))),
    ("openrc-script", |file| drop(openrc_script::depend(file))),
    ("os-release", |file| drop(os_release::parse(file.bytes()))),
    ("pacman", |file| {
        let _ = pacman::values(file.bytes(), "DEPENDS").count();
        let _ = pacman::value(file.bytes(), "NAME");
    }),
    ("pam", |file| drop(pam::parse(file))),
    ("etcd", |file| drop(quorum::etcd(file))),
    ("consul", |file| drop(quorum::consul(file))),
    ("zookeeper", |file| drop(quorum::zookeeper(file))),
    ("redis", |file| drop(redis_conf::parse(file))),
    ("sysctl", |file| {
        for reader in [sysctl::Reader::Systemd, sysctl::Reader::Procps] {
            let _ = sysctl::parse(file, reader);
        }
    }),
    ("udev-db", |file| {
        let _ = (udev_db::parse(file.bytes()), udev_db::decode(file.bytes()));
    }),
    ("watchdog", |file| drop(watchdog_conf::parse(file))),
    ("yaml", |file| drop(yaml::parse(file))),
    ("apt-conf", |file| {
        let mut config = apt_conf::Config::new();
        let missing = &mut |_: &[u8]| apt_conf::Included::Missing;
        let _ = apt_conf::read(&mut config, file, missing);
    }),
    ("dpkg", |file| {
        use comeback::parse::dpkg;
        for kind in [dpkg::Kind::Status, dpkg::Kind::StatusD, dpkg::Kind::Control] {
            let _ = (dpkg::parse(file, kind), dpkg::problems(file, kind));
        }
        let _ = dpkg::alternatives(file.bytes());
        let _ = dpkg::diversions(file.bytes());
    }),
    ("package-version", |file| {
        let text = String::from_utf8_lossy(file.bytes());
        let (a, b) = text.split_once('\n').unwrap_or((&text, ""));
        let orders = [
            package_version::debian,
            package_version::rpm,
            package_version::rpm_evr,
            package_version::alpm,
        ];
        for order in orders {
            // An order that depends on who stands first would make two answers of one.
            assert_eq!(order(a, b), order(b, a).reverse(), "{a:?} and {b:?}");
            assert!(order(a, a).is_eq());
        }
    }),
    ("transaction", |file| drop(transaction::parse(file.bytes()))),
    ("crontab", |file| {
        for daemon in DAEMONS {
            let _ = crontab::parse(file, TableKind::System, daemon);
        }
    }),
    ("galera", |file| {
        let text = String::from_utf8_lossy(file.bytes());
        let _ = quorum::galera(&text, None, file.place(Span::default()));
    }),
    ("iptables", |file| {
        let _ = packet_filter::iptables::parse(file, "ip").shuts(22);
    }),
    ("nft", |file| {
        for table in packet_filter::nft::parse(file).into_iter().flatten() {
            let _ = table.shuts(22);
        }
    }),
    ("zone", |file| {
        let _ = Zone::tzif("x", file.bytes());
        let _ = Zone::posix(&String::from_utf8_lossy(file.bytes()));
    }),
];

/// Tables and configurations of lines.
pub fn tables(data: &[u8]) {
    let Some((number, text)) = choice(data) else {
        return;
    };
    let (_, read) = READERS[number % READERS.len()];
    let file = File::new("/etc/x", text);
    read(&file);
    // Every line has its place, whatever its ends are made of.
    let lines: usize = file.lines().map(|(span, _)| span.end - span.start).sum();
    assert!(lines <= text.len());
}

const DAEMONS: [Daemon; 8] = [
    Daemon::Debian,
    Daemon::Debian187,
    Daemon::Cronie,
    Daemon::Busybox,
    Daemon::Bcron,
    Daemon::Dcron,
    Daemon::SystemdCron1,
    Daemon::SystemdCron2,
];

/// 2026-08-24 20:00 UTC, a Monday.
const NOW: i64 = 1_787_601_600;

/// Times of crontabs and of systemd's timers: the next ones come in order, and each lies
/// after the moment that was asked from.
pub fn schedules(data: &[u8]) {
    let Some((number, text)) = choice(data) else {
        return;
    };
    let zones = [
        "UTC0",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    ];
    let Ok(zone) = Zone::posix(zones[number / 16 % zones.len()]) else {
        return;
    };
    let Ok(now) = jiff::Timestamp::from_second(NOW) else {
        return;
    };
    let until = now + jiff::SignedDuration::from_hours(24 * 400);
    if number % 16 >= DAEMONS.len() {
        let text = String::from_utf8_lossy(text);
        let zones = calendar::Zones {
            local: ["CET", "CEST"],
            is_zone: &|name| name == "Europe/Berlin",
        };
        if let Ok(parsed) = calendar::parse(&text, zones) {
            let mut last = now;
            for _ in 0..5 {
                let Some(next) = time::calendar::next(&parsed, zone.tz(), last) else {
                    break;
                };
                assert!(next > last, "{text:?}: {next} after {last}");
                last = next;
            }
        }
        return;
    }
    let daemon = DAEMONS[number % 16];
    let file = File::new("/etc/crontab", text);
    let kind = match number / 64 % 3 {
        0 => TableKind::System,
        1 => TableKind::User { root: true },
        _ => TableKind::User { root: false },
    };
    let table = crontab::parse(&file, kind, daemon);
    for job in table.jobs.iter().take(8) {
        assert!(job.line.end <= text.len());
        let timing = Timing {
            daemon,
            zone: &zone,
            job_zone: None,
        };
        if let Schedule::At(fields) = &job.schedule {
            let mut last = now;
            for start in occurrences(fields, timing, now, until).take(20) {
                let at = start.at.timestamp();
                assert!(at >= last && at > now && at <= until, "{at} after {last}");
                last = at;
            }
        }
    }
}

/// keepalived's configuration, of several versions.
pub fn keepalived(data: &[u8]) {
    let Some((number, text)) = choice(data) else {
        return;
    };
    let versions = ["", "1.2.24", "1.3.2", "2.0.20", "2.2.7", "2.3.1"];
    let options = keepalived_conf::Options {
        version: keepalived_conf::Version::parse(versions[number % versions.len()]),
        config_id: (number >= 128).then(|| b"a".to_vec()),
    };
    let file = File::new("/etc/keepalived/keepalived.conf", text);
    let config = comeback::parse::keepalived::parse(&file, &options, &mut |_| Listing::new());
    for problem in &config.problems {
        let _ = problem.place.text();
    }
}

/// A tree that holds a few programs, a file to source, and nothing else.
struct Small(Arc<File>);

impl World for Small {
    fn script(&self, path: &Path) -> Fact<Arc<File>> {
        if path == Path::new("/x") {
            return Fact::Known(Arc::clone(&self.0));
        }
        Fact::Absent(Looked::at(path))
    }

    fn find(&self, name: &[u8], _: &[u8]) -> Fact<PathBuf> {
        let known: [&[u8]; 8] = [
            b"ip",
            b"reboot",
            b"systemctl",
            b"sed",
            b"awk",
            b"grep",
            b"run-parts",
            b"env",
        ];
        if known.contains(&name) {
            return Fact::Known(Path::new("/usr/bin").join(String::from_utf8_lossy(name).as_ref()));
        }
        Fact::Absent(Looked::at(Path::new("/usr/bin")))
    }

    fn test(&self, _: FileTest, path: &Path) -> Fact<bool> {
        match path.as_os_str().len() % 3 {
            0 => Fact::Known(false),
            1 => Fact::Known(true),
            _ => Fact::Unknown(Unknown::new(path, Doubt::Denied)),
        }
    }

    fn content(&self, path: &Path) -> Fact<Arc<File>> {
        self.script(path)
    }

    fn entries(&self, _: &Path) -> Fact<Vec<Vec<u8>>> {
        Fact::Known(vec![b"a".to_vec(), b"b c".to_vec(), b"x".to_vec()])
    }
}

/// The shell: its grammar, and what a script would do.
pub fn shell(data: &[u8]) {
    let Some((number, text)) = choice(data) else {
        return;
    };
    let file = File::new("/x", text);
    let _ = sh::syntax_fault(&file);
    let dialect = if number.is_multiple_of(2) {
        Dialect::Sh
    } else {
        Dialect::Bash
    };
    let program = if number % 4 < 2 {
        Program::Script("/x".into())
    } else {
        Program::Command(Source::whole(&file))
    };
    let known = |text: &str| Value::known(text.as_bytes());
    let call = Call {
        program,
        args: vec![known("INSTANCE"), known("VI_1"), known("MASTER")],
        env: BTreeMap::from([(b"PATH".to_vec(), known("/usr/sbin:/usr/bin"))]),
        cwd: known("/"),
        stdin: (number >= 128).then(|| known("one\ntwo 3\n")),
        dialect,
    };
    let limits = Limits {
        steps: 2000,
        ..Limits::default()
    };
    let outcome = sh::evaluate(&call, &Small(Arc::clone(&file)), &limits);
    assert!(outcome.effects.len() <= limits.effects);
}

/// What an operator writes: policies, baselines, comments in files, times.
pub fn policies(data: &[u8]) {
    let Some((number, bytes)) = choice(data) else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    match number % 4 {
        0 => drop(Config::parse(
            Path::new("/etc/comeback/comeback.toml"),
            bytes,
        )),
        1 => drop(Baseline::parse(&text)),
        2 => {
            let file = File::new("/etc/x", bytes);
            let _ = parse_comment(bytes, &file.place(Span::default()));
        }
        _ => {
            let _ = time::parse_duration(&text);
            let _ = time::parse_now(&text, &Zone::utc());
        }
    }
}
