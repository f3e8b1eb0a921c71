//! `comeback facts`: what was read, with state and place.

use std::fmt::Write as _;

use super::Error;
use super::args::FactsArgs;
use super::output::{Output, write_out};
use super::run::{PolicyPlace, deadline, devices, host, label, open_tree, setup};
use crate::fact::{Fact, Listing};
use crate::facts::init::State;
use crate::facts::mounts::Failure;
use crate::facts::packages::Family;
use crate::facts::{Boots, Host};
use crate::policy::Exit;
use crate::text::{escape, escape_path};

pub(super) fn run(args: &FactsArgs) -> Result<Exit, Error> {
    let deadline = deadline(&args.tree, None)?;
    let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
    let place = PolicyPlace::of(&tree);
    let setup = setup(&args.tree, &tree, place, deadline)?;
    let devices = devices(&args.devices, &tree)?;
    let label = label(args.tree.root.as_ref(), &tree);
    let host = host(tree, &setup, &args.tree, label, devices);
    write_out(&Output::Stdout, shown(&host).as_bytes())?;
    Ok(Exit::Clear)
}

fn shown(host: &Host) -> String {
    let mut out = String::new();
    let mut line = |name: &str, state: &str, text: String| {
        // Names and messages may quote the tree; escaping twice changes nothing.
        let (name, text) = (escape(name.as_bytes()), escape(text.as_bytes()));
        let line = format!("{name:<22} {state:<12} {text}");
        let _ = writeln!(out, "{}", line.trim_end());
    };
    line(
        "tree",
        "known",
        host.tree().coverage().kind.word().to_owned(),
    );
    fact(&mut line, "host.name", &host.hostname(), |name| {
        escape(name.as_bytes())
    });
    fact(&mut line, "host.os", host.os(), |os| {
        escape(os.name.as_bytes())
    });
    let zone = host.zone();
    let state = if zone.is_assumed() {
        "assumed"
    } else {
        "known"
    };
    line("host.zone", state, escape(zone.name().as_bytes()));
    match host.boots() {
        Boots::Yes(sign) => line("host.boots", "known", format!("yes: {sign}")),
        Boots::InitOnly(sign) => {
            line(
                "host.boots",
                "known",
                format!("a container with an init: {sign}"),
            );
        }
        Boots::No(sign) => line("host.boots", "known", format!("no: {sign}")),
        Boots::NotCovered(why) => line("host.boots", "not covered", why.to_string()),
    }
    let init = host.init();
    for candidate in init.candidates.iter().chain([&init.shell]) {
        let name = format!("init {}", escape_path(&candidate.path));
        match &candidate.state {
            State::Starts(program) => {
                let path = escape_path(&program.found.path);
                line(&name, "known", format!("{path}, {}", program.kind.name()));
            }
            State::Missing(looked) => line(&name, "absent", looked.notes.join("; ")),
            State::Fails(_, failure) | State::Unfit(failure) => {
                line(&name, "broken", failure.message.clone());
            }
            State::Unknown(unknown) => line(&name, "unknown", unknown.to_string()),
            State::NotCovered(why) => line(&name, "not covered", why.to_string()),
        }
    }
    fact(&mut line, "init.running", &host.running_init(), |running| {
        let deleted = if running.deleted { " (deleted)" } else { "" };
        format!("{}{deleted}", escape_path(&running.program))
    });
    fact(&mut line, "packages", host.packages(), |packages| {
        let mut parts = Vec::new();
        if let Some(dpkg) = &packages.dpkg {
            parts.push(format!("dpkg: {} paragraphs", dpkg.packages.len()));
        }
        for (family, count) in packages.counts() {
            if family != Family::Dpkg {
                parts.push(format!("{}: {count} packages", family.name()));
            }
        }
        let unread = packages.unread.iter();
        parts.extend(unread.map(|(kind, why)| format!("{kind}: {why}")));
        parts.join("; ")
    });
    listing(&mut line, "kernels", host.kernels(), |kernel| {
        escape_path(&kernel.path)
    });
    listing(&mut line, "services.enabled", host.enabled(), |e| {
        format!(
            "{} in {}",
            escape(e.name.as_bytes()),
            escape(e.level.as_bytes())
        )
    });
    listing(&mut line, "merges", host.merges(), |merge| {
        escape_path(&merge.path)
    });
    let cron = host.cron();
    line(
        "cron.daemon",
        if cron.daemons.is_empty() {
            "absent"
        } else {
            "known"
        },
        cron.how.clone(),
    );
    listing(&mut line, "cron.tables", &cron.tables, |table| {
        let jobs = table
            .readings
            .first()
            .map_or(0, |(_, reading)| reading.jobs.len());
        let plural = if jobs == 1 { "" } else { "s" };
        format!("{} ({jobs} job{plural})", escape_path(table.file.path()))
    });
    for ignored in &cron.ignored {
        line(
            "cron.ignored",
            "known",
            format!("{}: {}", escape_path(&ignored.path), ignored.why),
        );
    }
    listing(&mut line, "triggers", &host.triggers().list, |trigger| {
        format!(
            "{} {}",
            trigger.place,
            trigger.when_shown(host.zone(), host.now())
        )
    });
    fact(&mut line, "devices", host.devices(), |devices| {
        format!("{} from {}", devices.items.len(), devices.from)
    });
    if let Fact::Known(devices) = host.devices() {
        for device in &devices.items {
            line("device", "known", device.shown());
        }
    }
    let mounts = host.mounts();
    line("mounts.by", "known", mounts.manager.name().to_owned());
    for plan in &mounts.plans {
        let place = plan.entry.place.to_string();
        let end = match mounts.consequence(plan, Failure::NoDevice) {
            Some(consequence) if plan.device.is_some() => {
                format!("; without its device {}", consequence.says())
            }
            _ => String::new(),
        };
        line("mount", "known", format!("{place} {}{end}", plan.subject()));
    }
    fact(&mut line, "failover", host.failover(), |failover| {
        let config = &failover.config;
        format!(
            "{} instances, {} groups; {}",
            config.instances.len(),
            config.groups.len(),
            failover.version_from
        )
    });
    fact(&mut line, "busy", &host.busy(), |busy| {
        format!("{} (process {})", busy.who, busy.pid)
    });
    out
}

fn fact<T>(
    line: &mut dyn FnMut(&str, &str, String),
    name: &str,
    fact: &Fact<T>,
    show: impl FnOnce(&T) -> String,
) {
    match fact {
        Fact::Known(value) => line(name, "known", show(value)),
        Fact::Absent(looked) => {
            let paths: Vec<String> = looked
                .paths
                .iter()
                .take(3)
                .map(|p| escape_path(p))
                .collect();
            line(name, "absent", format!("looked at {}", paths.join(", ")));
        }
        Fact::Broken(fault) => line(name, "broken", fault.message.clone()),
        Fact::Unknown(unknown) => line(name, "unknown", unknown.to_string()),
        Fact::NotCovered(why) => line(name, "not covered", why.to_string()),
    }
}

fn listing<T>(
    line: &mut dyn FnMut(&str, &str, String),
    name: &str,
    listing: &Listing<T>,
    show: impl Fn(&T) -> String,
) {
    for item in &listing.items {
        line(name, "known", show(item));
    }
    for gap in &listing.gaps {
        line(name, "unknown", gap.to_string());
    }
    for why in &listing.uncovered {
        line(name, "not covered", why.to_string());
    }
    if listing.items.is_empty() && listing.complete().is_ok() {
        line(name, "absent", String::new());
    }
}
