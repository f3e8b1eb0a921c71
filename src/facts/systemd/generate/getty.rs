//! Serial gettys on the kernel's consoles (systemd 257 `src/getty-generator`).

use std::path::Path;

use super::{UNITS, Writer};
use crate::fact::Fact;
use crate::parse::unit;

/// Consoles of virtual machines that get a getty wherever they exist.
const VIRTUAL: [&str; 6] = [
    "hvc0",
    "xvc0",
    "hvsi0",
    "sclp_line0",
    "ttysclp0",
    "3270/tty1",
];

pub(super) fn run(w: &mut Writer<'_>) {
    if !w.context.words.switch("systemd.getty_auto", true) {
        return;
    }
    if w.context.container {
        add(w, "console-getty.service", "console-getty.service");
        return;
    }
    for tty in consoles(w) {
        let digits = tty.strip_prefix("tty");
        let is_vc = digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
        if !is_vc {
            serial(w, &tty);
        }
    }
    for tty in VIRTUAL {
        if matches!(
            w.context.tree.lstat(&Path::new("/dev").join(tty)),
            Fact::Known(_)
        ) {
            serial(w, tty);
        }
    }
}

/// The consoles the kernel will have: those its command line names, and on the running
/// system those it has now, which firmware may have named.
fn consoles(w: &Writer<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for tty in super::super::login::named_consoles(w.context.words) {
        if !all.contains(&tty) {
            all.push(tty);
        }
    }
    let active = Path::new("/sys/class/tty/console/active");
    if let Fact::Known(file) = w.context.tree.read(active) {
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        for tty in text.split_whitespace() {
            if !all.iter().any(|known| known == tty) {
                all.push(tty.to_owned());
            }
        }
    }
    all
}

fn serial(w: &mut Writer<'_>, tty: &str) {
    if let Some(escaped) = unit::escape_path(tty.as_bytes()) {
        let name = format!("serial-getty@{escaped}.service");
        add(w, "serial-getty@.service", &name);
    }
}

fn add(w: &mut Writer<'_>, file: &str, name: &str) {
    let target = format!("{UNITS}/{file}");
    w.pull_as("getty.target", "wants", name, target, None);
}
