//! `init-script-interpreter-missing`: an enabled start script whose interpreter does
//! not exist.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::fact::{Fact, Looked, Stop};
use crate::facts::Host;
use crate::facts::services::{Enabled, System};
use crate::parse::init_script::{Head, head};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::{File, Place, escape};

pub(in crate::rules) struct ScriptInterpreterMissing;

impl Rule for ScriptInterpreterMissing {
    fn id(&self) -> &'static str {
        "init-script-interpreter-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let enabled = host.enabled();
        let mut out = Findings::new();
        out.judged = enabled.items.len();
        // One missing interpreter is one cause, however many scripts ask for it.
        let mut missing: BTreeMap<Vec<u8>, Missing<'_>> = BTreeMap::new();
        for entry in &enabled.items {
            if entry.system == System::Systemd {
                continue;
            }
            let file = match entry.script(host.tree()) {
                Fact::Known(file) => file,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            let Head::Script(interpreter) = head(&file) else {
                continue;
            };
            let path = Path::new(std::ffi::OsStr::from_bytes(&interpreter.path));
            let looked = match host.resolve(path) {
                Fact::Absent(looked) => looked,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::NotCovered(why) => {
                    out.uncovered.push(why);
                    continue;
                }
                Fact::Known(_) | Fact::Broken(_) => continue,
            };
            let here = missing.entry(interpreter.path.clone());
            let here = here.or_insert_with(|| Missing {
                looked,
                scripts: Vec::new(),
            });
            if !here
                .scripts
                .iter()
                .any(|(known, _)| known.name == entry.name)
            {
                here.scripts
                    .push((entry, own_place(entry, &interpreter.place)));
            }
        }
        for (interpreter, missing) in missing {
            out.push(finding(self.id(), &interpreter, &missing));
        }
        if let Err(stop) = enabled.complete() {
            out.stop(stop);
        }
        Ok(out)
    }
}

/// An interpreter that is not there, and who asks for it.
struct Missing<'a> {
    looked: Looked,
    scripts: Vec<(&'a Enabled, Place)>,
}

/// Scripts quoted in one finding; the rest is named.
const SHOWN: usize = 3;

/// The place in the script's own file: its name tells more than the runlevel's link.
fn own_place(entry: &Enabled, place: &Place) -> Place {
    match entry.points_at() {
        Some(script) => File::new(script, place.file.bytes()).place(place.span),
        None => place.clone(),
    }
}

fn finding(id: &'static str, interpreter: &[u8], missing: &Missing<'_>) -> Finding {
    let shown = escape(interpreter);
    let names: Vec<&str> = missing
        .scripts
        .iter()
        .map(|(entry, _)| entry.name.as_str())
        .collect();
    let (subject, who) = match names.as_slice() {
        [one] => (
            (*one).to_owned(),
            format!("{one} will not start: its script"),
        ),
        many => (
            shown.clone(),
            format!("{} services will not start: their scripts", many.len()),
        ),
    };
    let (needs, ask) = if names.len() == 1 {
        ("needs", "asks")
    } else {
        ("need", "ask")
    };
    let message = if interpreter.ends_with(b"\r") {
        format!("{who} {ask} for \"{shown}\", with a DOS line end in the name")
    } else {
        format!("{who} {needs} {shown}, which is missing")
    };
    let mut finding = Finding::new(id, subject, message, Evidence::from(&missing.looked))
        // Without /bin/sh there is more missing than an interpreter.
        .follows(if interpreter == b"/bin/sh" {
            &["init-missing"]
        } else {
            &[]
        });
    let label = "no such interpreter on this system";
    finding = finding.with_all(
        missing
            .scripts
            .iter()
            .take(SHOWN)
            .flat_map(|(entry, place)| {
                [
                    Evidence::span(place.clone(), label),
                    Evidence::path(&entry.link, format!("enabled in {}", entry.level)),
                ]
            }),
    );
    if names.len() > 1 {
        finding = finding.with(Evidence::computed(format!(
            "not started: {}",
            names.join(", ")
        )));
    }
    if missing
        .scripts
        .iter()
        .any(|(entry, _)| super::is_essential(entry))
    {
        finding.impact(&[Impact::NoAccess])
    } else {
        finding.at_most(Level::Warn)
    }
}
