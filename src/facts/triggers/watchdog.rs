//! What watches over the box and resets it: the watchdog daemon (5.16) and systemd's
//! own watchdog (systemd-system.conf(5), 252).

use std::net::Ipv4Addr;
use std::path::Path;

use super::event::{Handler, is_enabled, names, optional, settings};
use super::{Beside, Trigger, What, When};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::os_release;
use crate::parse::unit::{self, TimeSpan};
use crate::parse::watchdog_conf::{Line, parse};
use crate::shell::power::Kind;
use crate::source::FileKind;
use crate::text::{Place, escape, escape_path};

/// Where the daemon looks for its configuration unless it is told otherwise.
const CONFIG: &str = "/etc/watchdog.conf";

/// What the watchdog daemon is called in a sentence.
pub const NAME: &str = "the watchdog daemon";

/// What comes of the watchdogs of a box.
pub(super) struct Watchdogs {
    /// Whether the hardware resets a box that hangs.
    pub(super) resets: Option<Place>,
}

/// Adds what the watchdogs do; what needs the network and what is no more than their
/// purpose goes to `beside`.
pub(super) fn read(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) -> Watchdogs {
    let daemon = daemon(host, out, beside);
    let own = own(host, out, beside);
    Watchdogs {
        resets: daemon.or(own),
    }
}

/// systemd's own watchdog.
fn own(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) -> Option<Place> {
    let settings = settings(host, "system.conf", "Manager", out);
    let mut resets = None;
    let events = [
        ("RuntimeWatchdogSec", "when the box hangs for"),
        (
            "RebootWatchdogSec",
            "when the end of a shutdown takes longer than",
        ),
        (
            "ShutdownWatchdogSec",
            "when the end of a shutdown takes longer than",
        ),
        ("KExecWatchdogSec", "when a kexec takes longer than"),
    ];
    for (key, event) in events {
        let Some((value, place)) = settings.get(key) else {
            continue;
        };
        let runs = match unit::parse_span(value) {
            Some(TimeSpan::For(span)) => !span.is_zero(),
            Some(TimeSpan::Infinite) | None => value == "default",
        };
        if !runs {
            continue;
        }
        let event = format!("{event} {key}={}", escape(value.as_bytes()));
        let handler = Handler::new("the hardware watchdog", "a watchdog", event, place.clone());
        beside.push(Beside::new(What::Purpose, handler.plain(Kind::Reboot)));
        if key == "RuntimeWatchdogSec" {
            resets = Some(place.clone());
        }
    }
    resets
}

/// The daemon's configuration file: what its options name, else the usual one; nothing
/// where it is not started.
fn config(host: &Host, out: &mut Listing<Trigger>) -> Option<String> {
    if !is_enabled(host, &["watchdog"]) {
        return None;
    }
    let mut config = CONFIG.to_owned();
    // Debian's unit and script start it only where this says so; its postinst writes it.
    if let Some(file) = optional(host, "/etc/default/watchdog", out) {
        let words = os_release::parse(file.bytes());
        if words.get("run_watchdog").is_some_and(|run| run != "1") {
            return None;
        }
        let options = words.get("watchdog_options").map_or("", |v| v.as_str());
        let mut options = options.split_whitespace();
        while let Some(word) = options.next() {
            let named = match word {
                "-c" | "--config-file" => options.next(),
                word => word
                    .strip_prefix("--config-file=")
                    .or(word.strip_prefix("-c")),
            };
            if let Some(named) = named {
                named.clone_into(&mut config);
            }
        }
    }
    Some(config)
}

/// What the lines of the configuration come to.
struct Daemon<'a> {
    host: &'a Host,
    lines: &'a [Line],
    /// Seconds that something must stay wrong.
    retry: i64,
    repair: Option<String>,
    /// Why it does not start at all.
    refuses: Option<String>,
}

fn daemon(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) -> Option<Place> {
    let file = optional(host, config(host, out)?, out)?;
    let lines = parse(&file);
    let mut daemon = Daemon {
        host,
        lines: &lines,
        retry: 60,
        repair: None,
        refuses: None,
    };
    let number = |name: &str| daemon.last(name).and_then(Line::number);
    let soft = daemon
        .last("softboot-option")
        .is_some_and(|line| line.value.eq_ignore_ascii_case("yes"));
    daemon.retry = number("retry-timeout")
        .filter(|_| !soft)
        .unwrap_or(if soft { 0 } else { 60 });
    let repair = daemon.last("repair-binary").map(|line| line.value.clone());
    daemon.repair = repair.filter(|value| !value.is_empty());
    daemon.refuses = daemon.refusal();
    daemon.tests(out);
    daemon.test_directory(out);
    daemon.network(beside);
    let device = daemon.last("watchdog-device")?;
    if device.value.is_empty() || daemon.refuses.is_some() {
        return None;
    }
    let event = "when the box hangs";
    let handler = Handler::new(
        "the hardware watchdog",
        "a watchdog",
        event,
        device.place.clone(),
    );
    beside.push(Beside::new(What::Purpose, handler.plain(Kind::Reboot)));
    Some(device.place.clone())
}

impl Daemon<'_> {
    /// The line that counts where only one does.
    fn last(&self, name: &str) -> Option<&Line> {
        self.lines.iter().rev().find(|line| line.name == name)
    }

    fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        let all = self.lines.iter().filter(move |line| line.name == name);
        all.filter(|line| !line.value.is_empty())
    }

    /// It takes addresses alone (`open_netcheck`, `inet_addr`), and dies of a name.
    fn refusal(&self) -> Option<String> {
        let mut targets = self.each("ping");
        let is_name = |line: &&Line| {
            !line
                .value
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b"x.".contains(&b))
        };
        let named = targets.find(is_name)?;
        let name = escape(named.value.as_bytes());
        Some(format!(
            "the watchdog daemon does not start: ping takes addresses, not {name}"
        ))
    }

    fn trigger(&self, line: &Line, event: String, kind: Kind) -> Trigger {
        let event = if self.retry > 0 {
            format!("{event}, for {} s", self.retry)
        } else {
            event
        };
        let mut handler = Handler::new(
            NAME,
            "a test of the watchdog daemon",
            event,
            line.place.clone(),
        );
        if let Some(why) = &self.refuses {
            handler.when = When::Never(why.clone());
        }
        let mut trigger = handler.plain(kind);
        if let Some(repair) = &self.repair {
            let repair = escape(repair.as_bytes());
            trigger
                .conditions
                .push(format!("repair-binary {repair} does not mend it"));
        }
        trigger
    }

    fn tests(&self, out: &mut Listing<Trigger>) {
        let limits = [
            ("max-load-1", "when the 1-minute load stays above"),
            ("max-load-5", "when the 5-minute load stays above"),
            ("max-load-15", "when the 15-minute load stays above"),
            ("min-memory", "when the free memory stays below, in pages,"),
            ("allocatable-memory", "when it cannot allocate, in pages,"),
            ("max-swap", "when the swap in use stays above, in pages,"),
        ];
        for (name, event) in limits {
            let Some(line) = self.last(name) else {
                continue;
            };
            if let Some(limit) = line.number().filter(|limit| *limit > 0) {
                out.items
                    .push(self.trigger(line, format!("{event} {limit}"), Kind::Reboot));
            }
        }
        let mut lines = self.lines.iter().peekable();
        while let Some(line) = lines.next() {
            let value = escape(line.value.as_bytes());
            if line.value.is_empty() {
                continue;
            }
            let event = match line.name.as_str() {
                "file" => {
                    let change = lines.peek().filter(|next| next.name == "change");
                    match change.and_then(|next| next.number()).filter(|n| *n > 0) {
                        Some(seconds) => {
                            format!("when {value} is gone, or has not changed for {seconds} s")
                        }
                        None => format!("when {value} is gone"),
                    }
                }
                "pidfile" => format!("when the process of {value} is gone"),
                "test-binary" => format!("when the test {value} fails"),
                _ => continue,
            };
            out.items.push(self.trigger(line, event, Kind::Reboot));
        }
        // Hot is off, unless it is told otherwise (`do_shutdown`, `temp_poweroff`).
        let stays_on = self
            .last("temp-power-off")
            .is_some_and(|l| l.value.eq_ignore_ascii_case("no"));
        let hottest = self
            .last("max-temperature")
            .and_then(Line::number)
            .unwrap_or(90);
        for line in self.each("temperature-sensor") {
            let sensor = escape(line.value.as_bytes());
            let event = format!("when {sensor} stays above {hottest} degrees");
            let kind = if stays_on { Kind::Halt } else { Kind::PowerOff };
            out.items.push(self.trigger(line, event, kind));
        }
    }

    /// Executables in the test directory are tests too (`add_test_binaries`).
    fn test_directory(&self, out: &mut Listing<Trigger>) {
        let dir = match self.last("test-directory") {
            Some(line) if line.value.is_empty() => return,
            Some(line) => line.value.clone(),
            None => "/etc/watchdog.d".to_owned(),
        };
        for path in names(self.host, dir, out) {
            let hidden = path
                .file_name()
                .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
            let runs = matches!(self.host.resolve(&path), Fact::Known(found)
                if found.meta.kind == FileKind::File && found.meta.mode & 0o500 == 0o500);
            if hidden || !runs {
                continue;
            }
            let Some(file) = optional(self.host, &path, out) else {
                continue;
            };
            let line = Line {
                name: String::new(),
                value: String::new(),
                place: file.place(file.line_span(1)),
            };
            let event = format!("when the test {} fails", escape_path(&path));
            out.items.push(self.trigger(&line, event, Kind::Reboot));
        }
    }

    /// Tests that another machine decides.
    fn network(&self, beside: &mut Vec<Beside>) {
        for line in self.each("ping") {
            let target = escape(line.value.as_bytes());
            let event = format!("when {target} does not answer");
            let gateway = line
                .value
                .parse()
                .is_ok_and(|address| is_gateway(self.host, address));
            let what = What::NeedsNetwork { gateway };
            beside.push(Beside::new(what, self.trigger(line, event, Kind::Reboot)));
        }
        for line in self.each("interface") {
            let event = format!("when {} receives nothing", escape(line.value.as_bytes()));
            let what = What::NeedsNetwork { gateway: false };
            beside.push(Beside::new(what, self.trigger(line, event, Kind::Reboot)));
        }
    }
}

/// Whether the box's own configuration of its network names an address as the way out.
fn is_gateway(host: &Host, address: Ipv4Addr) -> bool {
    let tree = host.tree();
    let mut files = vec![Path::new("/etc/network/interfaces").to_path_buf()];
    for dir in ["/etc/network/interfaces.d", "/etc/systemd/network"] {
        files.extend(tree.entries(Path::new(dir)).items);
    }
    let address = address.to_string();
    files.iter().any(|path| {
        let Fact::Known(file) = tree.read(path) else {
            return false;
        };
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        text.lines().any(|line| {
            let line = line.trim();
            let rest = line
                .strip_prefix("gateway")
                .or(line.strip_prefix("Gateway="));
            rest.is_some_and(|rest| rest.trim() == address)
        })
    })
}
