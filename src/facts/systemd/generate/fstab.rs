//! fstab becomes mounts, swaps and links (systemd 247 to 257
//! `src/fstab-generator/fstab-generator.c`, `src/shared/generator.c`).

use std::path::Path;

use super::super::mounts::is_network;
use super::super::node::udev_node;
use super::super::verify::is_api;
use super::options::Options;
use super::{
    Body, DIR, LATE, UNITS, Writer, c_escape, device_timeout, escape_specifiers, fsck,
    is_device_path, mangle,
};
use crate::fact::{Fact, Unknown};
use crate::parse::fstab::{self, Entry};
use crate::parse::unit::{self, TimeSpan, UnitType};
use crate::text::Place;

pub(super) fn run(w: &mut Writer<'_>) {
    if w.context.words.last("systemd.volatile") == Some(Some("state")) {
        let body = "[Unit]\nSourcePath=/proc/cmdline\nBefore=local-fs.target\n\n\
             [Mount]\nWhat=tmpfs\nWhere=/var\nType=tmpfs\nOptions=mode=0755\n";
        if w.file(LATE, "var.mount", body, None) {
            let link = Path::new(LATE).join("local-fs.target.requires/var.mount");
            w.out.link(&link, "../var.mount", w.by, None);
        }
    }
    if w.context.words.switch("fstab", true) {
        match w.context.tree.read(Path::new("/etc/fstab")) {
            Fact::Known(file) => {
                for entry in fstab::parse(&file) {
                    line(w, &Line::of(&entry));
                }
            }
            Fact::Unknown(unknown) => w.open.push(unknown),
            Fact::Broken(fault) => w.open.push(Unknown::from(fault)),
            Fact::Absent(_) | Fact::NotCovered(_) => {}
        }
        let remount = format!("{UNITS}/systemd-remount-fs.service");
        // Up to 247 it was only pulled in where fstab named / or /usr... which units
        // already wanted; the link is the same.
        w.pull("local-fs.target", "wants", &remount, None);
    }
    if w.context.version >= 254 {
        extra(w);
    }
}

/// `systemd.mount-extra=` and `systemd.swap-extra=`.
fn extra(w: &mut Writer<'_>) {
    let words = w.context.words;
    for (key, value) in words.iter() {
        let mut parts = value.unwrap_or("").split(':').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_else(String::new);
        let made = match key {
            "systemd.mount-extra" => Line {
                what: next(),
                target: next(),
                fs_type: next(),
                options: next(),
                passno: None,
                place: None,
            },
            "systemd.swap-extra" => Line {
                what: next(),
                target: String::new(),
                fs_type: "swap".to_owned(),
                options: next(),
                passno: None,
                place: None,
            },
            _ => continue,
        };
        if !made.what.is_empty() {
            line(w, &made);
        }
    }
}

/// One line of fstab or of the command line.
struct Line {
    what: String,
    target: String,
    fs_type: String,
    options: String,
    /// None: checked where it is a device.
    passno: Option<i32>,
    place: Option<Place>,
}

impl Line {
    fn of(entry: &Entry) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            what: text(&entry.source),
            target: text(&entry.target),
            fs_type: text(&entry.kind),
            options: text(&entry.option_text),
            passno: Some(entry.passno),
            place: Some(entry.place.clone()),
        }
    }
}

fn line(w: &mut Writer<'_>, line: &Line) {
    let what = udev_node(line.what.as_bytes());
    let what = String::from_utf8_lossy(&what).into_owned();
    if line.fs_type == "swap" {
        if w.context.words.switch("systemd.swap", true) {
            swap(w, line, &what);
        }
        return;
    }
    // A container has a read-only /sys.
    let is_device = is_device_path(&what);
    if w.context.container && (what == "sysfs" || is_device) {
        return;
    }
    mount(w, line, &what);
}

fn block_device(what: &str) -> String {
    let escaped = unit::escape_path(what.as_bytes()).filter(|_| what.starts_with("/dev/"));
    match escaped {
        Some(escaped) => format!("After=blockdev@{escaped}.target\n"),
        None => String::new(),
    }
}

fn swap(w: &mut Writer<'_>, line: &Line, what: &str) {
    if w.context.container {
        return;
    }
    let options = Options::of(&line.options, w.context.version);
    let origin = line.place.as_ref();
    let Some(name) = unit::from_path(what.as_bytes(), UnitType::Swap) else {
        return;
    };
    let mut body = Body::new(
        "[Unit]\nDocumentation=man:fstab(5) man:systemd-fstab-generator(8)\n\
         SourcePath=/etc/fstab\n",
    );
    body.add(&block_device(what));
    body.add("\n[Swap]\n");
    body.set("What", &escape_specifiers(what));
    if !line.options.is_empty() && line.options != "defaults" {
        body.set("Options", &escape_specifiers(&line.options));
    }
    if !w.file(DIR, &name, &body, origin) {
        return;
    }
    device_timeout(w, what, &options, origin);
    if options.has("x-systemd.makefs") && !make_swap(w, what, &name, origin) {
        return;
    }
    if !options.last_is("noauto", "auto") {
        let how = if options.last_is("nofail", "fail") {
            "wants"
        } else {
            "requires"
        };
        w.pull("swap.target", how, &name, origin);
    }
}

fn make_swap(w: &mut Writer<'_>, what: &str, swap: &str, origin: Option<&Place>) -> bool {
    let escaped = unit::escape_path(what.as_bytes()).filter(|_| is_device_path(what));
    let Some(escaped) = escaped else {
        return false;
    };
    let name = format!("systemd-mkswap@{escaped}.service");
    let before = format!("Before={swap}\n");
    let body = make_body("Make Swap", &before, &format!("swap {}", c_escape(what)));
    if w.file(DIR, &name, &body, origin) {
        w.pull(swap, "requires", &name, origin);
    }
    true
}

fn make_body(title: &str, before: &str, words: &str) -> String {
    format!(
        "[Unit]\nDescription={title} on %f\n\nDefaultDependencies=no\nBindsTo=%i.device\n\
         After=%i.device\n{before}Conflicts=shutdown.target\nBefore=shutdown.target\n\n\
         [Service]\nType=oneshot\nRemainAfterExit=yes\n\
         ExecStart=/usr/lib/systemd/systemd-makefs {words}\nTimeoutSec=0\n"
    )
}

/// Where a mount point leads once links are followed, also where it does not exist.
fn canonical(w: &Writer<'_>, target: &str) -> String {
    let store = super::super::store::Store {
        tree: w.context.tree,
        output: w.out,
        running: false,
    };
    // A relative path is one of PID 1's directory, the root.
    let path = Path::new("/").join(target);
    let mut at = path.clone();
    // The end may be a link too; what does not exist is taken as it is.
    for _ in 0..40 {
        let end = store.chase(&at);
        match w.context.tree.read_link(&end) {
            Fact::Known(_) => match store.link_end(&end) {
                Some(next) if next != end => at = next,
                _ => return end.to_string_lossy().into_owned(),
            },
            _ => return end.to_string_lossy().into_owned(),
        }
    }
    path.to_string_lossy().into_owned()
}

fn mount(w: &mut Writer<'_>, line: &Line, what: &str) {
    let version = w.context.version;
    if line.fs_type == "autofs" || !line.target.contains('/') {
        return;
    }
    let target = canonical(w, &line.target);
    if is_api(&target, version) {
        return;
    }
    let mut text = line.options.clone();
    let mut options = Options::of(&text, version);
    let automount = options.has("x-systemd.automount") || options.has("comment=systemd.automount");
    let (mut noauto, mut nofail) = (
        options.last_is("noauto", "auto"),
        options.last_is("nofail", "fail"),
    );
    let mut automount = automount;
    let mut wanted_by = options.values("x-systemd.wanted-by");
    let mut required_by = options.values("x-systemd.required-by");
    let fixed = target == "/" || (target == "/usr" && version >= 254);
    if fixed {
        if version >= 254 && (noauto || nofail || automount) {
            text = options.without(&["noauto", "nofail", "x-systemd.automount"]);
            options = Options::of(&text, version);
        }
        (noauto, nofail, automount) = (false, false, false);
        wanted_by.clear();
        required_by.clear();
    }
    let Some(name) = unit::from_path(target.as_bytes(), UnitType::Mount) else {
        return;
    };
    let origin = line.place.as_ref();
    if matches!(line.fs_type.as_str(), "nfs" | "nfs4") && !automount && options.last_is("bg", "fg")
    {
        text = format!("x-systemd.mount-timeout=infinity,retry=10000,nofail,{text},fg");
        options = Options::of(&text, version);
        nofail = true;
    }
    let network = options.has("_netdev") || is_network(&line.fs_type);
    let group = if network {
        "remote-fs.target"
    } else {
        "local-fs.target"
    };
    let by_others = !wanted_by.is_empty() || !required_by.is_empty();
    // From 256 on a mount that others pull in has nothing to do with the group.
    let alone = by_others && version >= 256;
    if w.out.made.contains_key(&Path::new(DIR).join(&name)) {
        // The first line of a mount point counts.
        return;
    }
    let mut body = Body::new(
        "[Unit]\nDocumentation=man:fstab(5) man:systemd-fstab-generator(8)\n\
         SourcePath=/etc/fstab\n",
    );
    if alone {
        body.add("DefaultDependencies=no\nConflicts=umount.target\nBefore=umount.target\n");
    }
    body.add(dependencies(&options, version).as_ref());
    if !alone && !nofail && version >= 249 {
        body.set("Before", group);
    }
    let passno = line.passno.unwrap_or(i32::from(is_device_path(what)));
    if passno != 0 {
        body.add(&fsck::lines(w, what, &target, &line.fs_type, origin));
    }
    body.add(&block_device(what));
    body.add("\n[Mount]\n");
    body.set("What", &escape_specifiers(what));
    body.set("Where", &escape_specifiers(&target));
    if !line.fs_type.is_empty() && line.fs_type != "auto" {
        body.set("Type", &escape_specifiers(&line.fs_type));
    }
    if let Some(value) = options.values("x-systemd.mount-timeout").last()
        && let Some(span) = unit::parse_span(value)
    {
        body.set("TimeoutSec", &span_text(span));
    }
    let left = options.without(&["x-systemd.device-timeout", "comment=systemd.device-timeout"]);
    if !left.is_empty() && left != "defaults" && !options.broken {
        body.set("Options", &escape_specifiers(&left));
    }
    if options.has("x-systemd.rw-only") && !options.broken {
        body.add("ReadWriteOnly=yes\n");
    }
    w.file(DIR, &name, &body, origin);
    if options.broken {
        return;
    }
    device_timeout(w, what, &options, origin);
    network_device(w, what, &target, &options, origin);
    let formats = options.has("x-systemd.makefs");
    if formats && !make_fs(w, what, &name, &line.fs_type, origin) {
        return;
    }
    if options.has("x-systemd.growfs") {
        let group = (!alone).then_some(group);
        if !grow(w, &target, &name, group, origin) {
            return;
        }
    }
    let mut pulled = name;
    if automount {
        let Some(name) = unit::from_path(target.as_bytes(), UnitType::Automount) else {
            return;
        };
        let mut body = Body::new(
            "[Unit]\nDocumentation=man:fstab(5) man:systemd-fstab-generator(8)\n\
             SourcePath=/etc/fstab\n",
        );
        body.add("\n[Automount]\n");
        body.set("Where", &escape_specifiers(&target));
        if let Some(value) = options.values("x-systemd.idle-timeout").last()
            && let Some(span) = unit::parse_span(value)
        {
            body.set("TimeoutIdleSec", &span_text(span));
        }
        w.file(DIR, &name, &body, origin);
        pulled = name;
    }
    if by_others && (alone || !automount) {
        for unit in &wanted_by {
            w.pull(unit, "wants", &pulled, origin);
        }
        for unit in &required_by {
            w.pull(unit, "requires", &pulled, origin);
        }
    } else if !noauto || automount {
        let how = if nofail { "wants" } else { "requires" };
        w.pull(group, how, &pulled, origin);
    }
}

/// `x-systemd.requires=` and its kin, as lines.
fn dependencies(options: &Options, version: u32) -> Body {
    let mut lines = Body::new("");
    let units: [(&str, &[&str], u32); 4] = [
        ("x-systemd.after", &["After"], 0),
        ("x-systemd.requires", &["Requires", "After"], 0),
        ("x-systemd.wants", &["Wants", "After"], 256),
        ("x-systemd.before", &["Before"], 0),
    ];
    for (option, settings, since) in units {
        let names = options.values(option).into_iter();
        let names: Vec<String> = names.filter_map(|n| mangle(&n, UnitType::Mount)).collect();
        if names.is_empty() || version < since {
            continue;
        }
        for setting in settings {
            lines.set(setting, &names.join(" "));
        }
    }
    for (option, setting, since) in [
        ("x-systemd.requires-mounts-for", "RequiresMountsFor", 0),
        ("x-systemd.wants-mounts-for", "WantsMountsFor", 256),
    ] {
        let paths = options.values(option);
        if !paths.is_empty() && version >= since {
            let paths: Vec<String> = paths.iter().map(|path| escape_specifiers(path)).collect();
            lines.set(setting, &paths.join(" "));
        }
    }
    lines
}

/// `_netdev` on a device orders the device behind the network too.
fn network_device(
    w: &mut Writer<'_>,
    what: &str,
    target: &str,
    options: &Options,
    origin: Option<&Place>,
) {
    let stays = matches!(target, "/" | "/usr" | "/etc") || options.has("x-initrd.mount");
    if stays || !options.has("_netdev") || !is_device_path(what) {
        return;
    }
    if let Some(device) = unit::from_path(what.as_bytes(), UnitType::Device) {
        let body = "[Unit]\nAfter=network-online.target network.target\n\
             Wants=network-online.target\n";
        w.drop_in(DIR, &device, "50-netdev-dependencies", body, origin);
    }
}

/// `x-systemd.makefs`; false where it ends the line.
fn make_fs(
    w: &mut Writer<'_>,
    what: &str,
    mount: &str,
    fs_type: &str,
    origin: Option<&Place>,
) -> bool {
    let escaped = unit::escape_path(what.as_bytes()).filter(|_| is_device_path(what));
    let Some(escaped) = escaped.filter(|_| !matches!(fs_type, "" | "auto")) else {
        return false;
    };
    let name = format!("systemd-makefs@{escaped}.service");
    let before = format!("Before=systemd-fsck@%i.service {mount}\n");
    let words = format!("{fs_type} {}", c_escape(what));
    let body = make_body("Make File System", &before, &words);
    let new = w.file(DIR, &name, &body, origin);
    if new {
        w.pull(mount, "requires", &name, origin);
    }
    new
}

/// `x-systemd.growfs`; false where it ends the line.
fn grow(
    w: &mut Writer<'_>,
    target: &str,
    mount: &str,
    group: Option<&str>,
    origin: Option<&Place>,
) -> bool {
    let Some(escaped) = unit::escape_path(target.as_bytes()) else {
        return false;
    };
    // Up to 252 the service is written, since then it is systemd's own.
    if w.context.version < 253 {
        let name = format!("systemd-growfs@{escaped}.service");
        let mut body = Body::new("[Unit]\nDefaultDependencies=no\nBindsTo=%i.mount\n");
        body.add("Conflicts=shutdown.target\nAfter=%i.mount\n");
        if w.context.version >= 250 {
            body.add("After=systemd-repart.service\n");
        }
        let group = group.map(|group| format!(" {group}"));
        body.set(
            "Before",
            &format!("shutdown.target{}", group.as_deref().unwrap_or("")),
        );
        if target == "/" {
            body.add("After=systemd-remount-fs.service\n");
        }
        body.add("\n[Service]\nType=oneshot\nRemainAfterExit=yes\n");
        body.set(
            "ExecStart",
            &format!("/lib/systemd/systemd-growfs {}", c_escape(target)),
        );
        body.add("TimeoutSec=0\n");
        let new = w.file(DIR, &name, &body, origin);
        if new {
            w.pull(mount, "wants", &name, origin);
        }
        return new;
    }
    let (file, name) = if target == "/" {
        let file = "systemd-growfs-root.service".to_owned();
        (file.clone(), file)
    } else {
        let file = "systemd-growfs@.service".to_owned();
        (file, format!("systemd-growfs@{escaped}.service"))
    };
    if let Some(group) = group {
        let body = format!("[Unit]\nAfter={name}\n");
        w.drop_in(DIR, group, &format!("50-order-{name}"), &body, origin);
    }
    w.pull_as(mount, "wants", &name, format!("{UNITS}/{file}"), origin);
    true
}

/// A span as systemd prints it: only lengths that are read back count.
fn span_text(span: TimeSpan) -> String {
    match span {
        TimeSpan::Infinite => "infinity".to_owned(),
        TimeSpan::For(span) if span.is_zero() => "infinity".to_owned(),
        TimeSpan::For(span) => format!("{}us", span.as_micros()),
    }
}
