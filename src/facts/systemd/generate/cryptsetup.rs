//! crypttab becomes services and links (systemd 247 to 257
//! `src/cryptsetup/cryptsetup-generator.c`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::super::node::udev_node;
use super::options::Options;
use super::{Body, DIR, Writer, device_timeout, escape_specifiers};
use crate::fact::{Fact, Unknown};
use crate::parse::unit::{self, UnitType};
use crate::text::{File, Place, Span};

/// One encrypted device.
struct Disk {
    name: String,
    source: String,
    key: Option<String>,
    options: String,
    place: Option<Place>,
}

/// What the command line says about one UUID.
#[derive(Default)]
struct Told {
    name: Option<String>,
    options: Option<String>,
    key: Option<String>,
    data: Option<String>,
    create: bool,
}

pub(super) fn run(w: &mut Writer<'_>) {
    let words = w.context.words;
    if !words.switch("luks", true) {
        return;
    }
    let (mut told, default_options, default_key) = told(w);
    let listed_only = told.values().any(|told| told.create);
    if words.switch("luks.crypttab", true) {
        // Up to 255 a line that cannot be used ends the reading.
        let goes_on = w.context.version >= 256;
        for disk in table(w) {
            let uuid = disk
                .source
                .strip_prefix("UUID=")
                .or_else(|| disk.source.strip_prefix("/dev/disk/by-uuid/"))
                .or_else(|| disk.name.strip_prefix("luks-"));
            let known = uuid.and_then(|uuid| told.get_mut(uuid));
            let mut fine = true;
            match known {
                Some(known) => {
                    let options = known.options.clone();
                    known.create = false;
                    let options = options.unwrap_or_else(|| disk.options.clone());
                    fine = create(w, &Disk { options, ..disk });
                }
                None if listed_only => {}
                None => fine = create(w, &disk),
            }
            if !fine && !goes_on {
                break;
            }
        }
    }
    for (uuid, known) in told {
        if !known.create {
            continue;
        }
        let options = known.options.or_else(|| default_options.clone());
        create(
            w,
            &Disk {
                name: known.name.unwrap_or_else(|| format!("luks-{uuid}")),
                source: known.data.unwrap_or_else(|| format!("UUID={uuid}")),
                key: known.key.or_else(|| default_key.clone()),
                options: options.unwrap_or_else(String::new),
                place: None,
            },
        );
    }
}

fn told(w: &Writer<'_>) -> (BTreeMap<String, Told>, Option<String>, Option<String>) {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    let (mut options, mut key) = (None, None);
    for (word, value) in w.context.words.iter() {
        let Some(value) = value else { continue };
        let by_uuid = value
            .split_once('=')
            .filter(|(uuid, _)| uuid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
            .map(|(uuid, rest)| (uuid.to_owned(), rest.to_owned()));
        match (word, by_uuid) {
            ("luks.uuid", _) => {
                let uuid = value.strip_prefix("luks-").unwrap_or(value);
                told.entry(uuid.to_owned()).or_default().create = true;
            }
            ("luks.name", Some((uuid, name))) => {
                let entry = told.entry(uuid).or_default();
                entry.name = Some(name);
                entry.create = true;
            }
            ("luks.options", Some((uuid, text))) => {
                told.entry(uuid).or_default().options = Some(text);
            }
            ("luks.options", None) => options = Some(value.to_owned()),
            ("luks.key", Some((uuid, text))) => {
                told.entry(uuid).or_default().key = Some(text);
            }
            ("luks.key", None) => key = Some(value.to_owned()),
            ("luks.data", Some((uuid, text))) => {
                told.entry(uuid).or_default().data = Some(text);
            }
            _ => {}
        }
    }
    (told, options, key)
}

fn table(w: &mut Writer<'_>) -> Vec<Disk> {
    let file = match w.context.tree.read(Path::new("/etc/crypttab")) {
        Fact::Known(file) => file,
        Fact::Unknown(unknown) => {
            w.open.push(unknown);
            return Vec::new();
        }
        Fact::Broken(fault) => {
            w.open.push(Unknown::from(fault));
            return Vec::new();
        }
        Fact::Absent(_) | Fact::NotCovered(_) => return Vec::new(),
    };
    lines(&file)
}

/// Every line that can be one of a device (`add_crypttab_devices`). Which of them ends
/// the reading depends on the version, and is seen when they are written.
fn lines(file: &Arc<File>) -> Vec<Disk> {
    let mut disks = Vec::new();
    let mut start = 0;
    for line in file.bytes().split(|b| matches!(b, b'\n' | b'\r' | 0)) {
        let span = Span::new(start, start + line.len());
        start = span.end + 1;
        let text = String::from_utf8_lossy(line).into_owned();
        let mut fields = text.split_ascii_whitespace().map(str::to_owned);
        let (Some(name), Some(source)) = (fields.next(), fields.next()) else {
            continue;
        };
        if name.starts_with('#') {
            continue;
        }
        disks.push(Disk {
            name,
            source,
            key: fields.next(),
            options: fields.next().into_iter().collect(),
            place: Some(file.place(span)),
        });
    }
    disks
}

/// `file:device`, where the second part names a device (`split_locationspec`).
fn location(text: &str) -> (String, Option<String>) {
    if let Some((file, device)) = text.rsplit_once(':') {
        let device = String::from_utf8_lossy(&udev_node(device.as_bytes())).into_owned();
        if device.starts_with('/') {
            return (file.to_owned(), Some(device));
        }
    }
    (text.to_owned(), None)
}

/// Writes what one device needs; false where systemd complains about its line.
fn create(w: &mut Writer<'_>, disk: &Disk) -> bool {
    let options = Options::of(&disk.options, w.context.version);
    let noauto = options.last_is("noauto", "auto");
    let nofail = options.last_is("nofail", "fail");
    let netdev = options.has("_netdev");
    if options.has("tmp") && options.has("swap") {
        return false;
    }
    let origin = disk.place.as_ref();
    let escaped = unit::escape(disk.name.as_bytes());
    let name = format!("systemd-cryptsetup@{escaped}.service");
    let source = String::from_utf8_lossy(&udev_node(disk.source.as_bytes())).into_owned();
    let device = unit::from_path(source.as_bytes(), UnitType::Device);
    let (Some(_), Some(device)) = (UnitType::of(&name), device) else {
        return false;
    };
    let mut body = Body::new(
        "[Unit]\nDescription=Cryptography Setup for %I\nSourcePath=/etc/crypttab\n\
         DefaultDependencies=no\nIgnoreOnIsolate=true\nAfter=cryptsetup-pre.target\n",
    );
    if w.context.version >= 246 {
        body.add("After=systemd-udevd-kernel.socket\n");
    }
    if w.context.version >= 255 {
        body.add("After=systemd-tpm2-setup-early.service\n");
    }
    body.add("Before=blockdev@dev-mapper-%i.target\nWants=blockdev@dev-mapper-%i.target\n");
    if netdev {
        body.add("After=remote-fs-pre.target\n");
    }
    let modern = w.context.version >= 254;
    let by_initrd = options.has("x-initrd.attach")
        || (w.context.version >= 254 && matches!(disk.name.as_str(), "root" | "usr"));
    if !by_initrd {
        body.add("Conflicts=umount.target\n");
        if modern {
            body.add("Before=umount.target\n");
        }
    }
    let (key, key_device) = match &disk.key {
        Some(text) => {
            let (file, device) = location(text);
            (Some(file), device)
        }
        None => (None, None),
    };
    let timeout = options.values("keyfile-timeout").pop();
    let may_time_out = options.has("keyfile-timeout");
    let group = if netdev {
        "remote-cryptsetup.target"
    } else {
        "cryptsetup.target"
    };
    if w.out.made.contains_key(&Path::new(DIR).join(&name)) {
        return false;
    }
    if let Some(from) = &key_device {
        let Some(lines) = mounted_for(w, disk, from, "keydev", may_time_out) else {
            return false;
        };
        body.add(&lines);
        wait_for_key(w, from, timeout.as_deref(), origin);
    }
    let header = options.values("header").pop();
    let header_at = header.as_deref().map(location);
    if let Some((_, Some(from))) = &header_at {
        let Some(lines) = mounted_for(w, disk, from, "headerdev", false) else {
            return false;
        };
        body.add(&lines);
    }
    if !nofail {
        body.set("Before", group);
    }
    if let (Some(key), None) = (&key, &key_device) {
        let may_fail = (may_time_out && w.context.version >= 248) || (nofail && modern);
        body.add(&needs(w, key, may_fail));
        let node = String::from_utf8_lossy(&udev_node(key.as_bytes())).into_owned();
        if may_fail && is_key_device(&node) {
            wait_for_key(w, &node, timeout.as_deref(), origin);
        }
    }
    if let Some((path, None)) = &header_at {
        body.add(&needs(w, path, nofail && modern));
    }
    if source.starts_with("/dev/") {
        body.set("BindsTo", &device);
        body.set("After", &device);
        if !modern {
            body.add("Before=umount.target\n");
        }
    } else {
        body.set("RequiresMountsFor", &escape_specifiers(&source));
        let (how, unit) = if modern {
            ("Wants", "modprobe@loop.service")
        } else {
            ("Requires", "systemd-tmpfiles-setup-dev.service")
        };
        body.set(how, unit);
        body.set("After", unit);
    }
    device_timeout(w, &source, &options, origin);
    let program = if w.context.version >= 255 {
        "/usr/bin/systemd-cryptsetup"
    } else {
        "/usr/lib/systemd/systemd-cryptsetup"
    };
    let quoted = |text: &str| format!("'{}'", escape_specifiers(text));
    body.add(&format!(
        "\n[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutSec=0\nKeyringMode=shared\n\
         ExecStart={program} attach {} {}\nExecStop={program} detach {}\n",
        quoted(&disk.name),
        quoted(&source),
        quoted(&disk.name),
    ));
    w.file(DIR, &name, &body, origin);
    if !noauto {
        let how = if nofail { "wants" } else { "requires" };
        w.pull(group, how, &name, origin);
    }
    let mapped = format!("dev-mapper-{escaped}.device");
    w.pull(&mapped, "requires", &name, origin);
    if !noauto && !nofail {
        let body = "[Unit]\nJobTimeoutSec=infinity\n";
        w.drop_in(DIR, &mapped, "40-device-timeout", body, origin);
    }
    true
}

/// A mount only for a key or a header, and what undoes it; the lines that pull it in.
fn mounted_for(
    w: &mut Writer<'_>,
    disk: &Disk,
    device: &str,
    kind: &str,
    may_fail: bool,
) -> Option<String> {
    let place = format!("/run/systemd/cryptsetup/{kind}-{}", disk.name);
    let origin = disk.place.as_ref();
    let mount = unit::from_path(place.as_bytes(), UnitType::Mount)?;
    let mode = if kind == "keydev" { "ro" } else { "rw" };
    let options = if may_fail { ",nofail" } else { "" };
    let body = format!(
        "[Unit]\nDefaultDependencies=no\n\n[Mount]\nWhat={device}\nWhere={place}\n\
         Options={mode}{options}\n"
    );
    if !w.file(DIR, &mount, &body, origin) {
        return None;
    }
    let undo = format!("{kind}-{}-umount.service", disk.name);
    let body = format!(
        "[Unit]\nDefaultDependencies=no\nAfter={mount}\n\n[Service]\n\
         ExecStart=-/usr/bin/umount {place}\n"
    );
    w.file(DIR, &undo, &body, origin);
    let how = if may_fail { "Wants" } else { "Requires" };
    Some(format!(
        "After={mount}\n{how}={mount}\nWants={undo}\nBefore={undo}\n"
    ))
}

/// Whether a key is read from a device that one waits for.
fn is_key_device(node: &str) -> bool {
    let random = [
        "/dev/urandom",
        "/dev/random",
        "/dev/hw_random",
        "/dev/hwrng",
        "/dev/null",
    ];
    node.starts_with("/dev/") && !random.contains(&node)
}

/// `keyfile-timeout=`: how long the device of the key is waited for.
fn wait_for_key(w: &mut Writer<'_>, device: &str, timeout: Option<&str>, origin: Option<&Place>) {
    let Some(timeout) = timeout.filter(|text| unit::parse_span(text).is_some()) else {
        return;
    };
    if let Some(device) = unit::from_path(device.as_bytes(), UnitType::Device) {
        let body = format!("[Unit]\nJobRunningTimeoutSec={timeout}");
        w.drop_in(DIR, &device, "90-device-timeout", &body, origin);
    }
}

/// What a key file or header needs (`print_dependencies`).
fn needs(w: &Writer<'_>, path: &str, may_fail: bool) -> String {
    if matches!(path, "-" | "none") {
        return String::new();
    }
    if matches!(
        path,
        "/dev/urandom" | "/dev/random" | "/dev/hw_random" | "/dev/hwrng"
    ) {
        return "After=systemd-random-seed.service\n".to_owned();
    }
    let node = String::from_utf8_lossy(&udev_node(path.as_bytes())).into_owned();
    if node == "/dev/null" {
        return String::new();
    }
    if node.starts_with("/dev/") {
        let Some(device) = unit::from_path(node.as_bytes(), UnitType::Device) else {
            return String::new();
        };
        let how = if may_fail { "Wants" } else { "Requires" };
        return format!("After={device}\n{how}={device}\n");
    }
    let how = if may_fail && w.context.version >= 256 {
        "WantsMountsFor"
    } else {
        "RequiresMountsFor"
    };
    format!("{how}={}\n", escape_specifiers(path))
}
