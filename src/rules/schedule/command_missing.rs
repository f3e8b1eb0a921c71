//! `cron-command-missing`: a job whose program is not there, or not where it looks.

use std::path::Path;

use super::jobs::{self, Live};
use crate::fact::{Fact, Looked, Stop};
use crate::facts::Host;
use crate::facts::triggers::{call_of_job, evaluated, unfound_name};
use crate::parse::crontab::{Daemon, TableKind};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Action, Call, Effect, Reach, Scope, Value};
use crate::text::escape;

pub(in crate::rules) struct CommandMissing;

/// Directories that programs are kept in, beyond what a daemon looks through.
const KEPT: [&str; 6] = [
    "/usr/sbin",
    "/sbin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
];

impl Rule for CommandMissing {
    fn id(&self) -> &'static str {
        "cron-command-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let shell = host.resolve(Path::new("/bin/sh"));
        if matches!(shell, Fact::Absent(_)) {
            return Err(Stop::NotApplicable(
                "there is no shell that could run a job",
            ));
        }
        let mut out = Findings::new();
        for live in jobs::live(cron) {
            if host.tree().deadline().passed() {
                break;
            }
            out.judged += 1;
            out.list.extend(of_job(self.id(), host, live));
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}

/// The first program of a job that is called whatever happens and is not found.
fn of_job(id: &'static str, host: &Host, live: Live<'_>) -> Option<Finding> {
    let call = call_of_job(live.table, live.daemon, live.reading, live.job);
    let outcome = evaluated(host, &call);
    let own = live.table.file.path();
    let mut effects = outcome.effects.iter().filter(|effect| {
        // What a script calls is the script's affair, and a test in front is a reason.
        let here = effect.via.is_empty() && effect.place.path() == own;
        here && effect.reach == Reach::Always && effect.scope == Scope::Here && !effect.deferred
    });
    effects.find_map(|effect| judge(id, host, live, &call, effect))
}

fn judge(
    id: &'static str,
    host: &Host,
    live: Live<'_>,
    call: &Call,
    effect: &Effect,
) -> Option<Finding> {
    let Fact::Absent(looked) = &effect.target else {
        return None;
    };
    let Action::Run { argv, .. } = &effect.action else {
        return None;
    };
    let name = argv.first()?.bytes()?;
    if name.ends_with(b"\r") {
        // Told of the whole table by cron-carriage-return.
        return None;
    }
    let shown = escape(name);
    let line = live.line();
    let place = effect.place.clone();
    if name.starts_with(b"/") {
        let message = format!("{line} runs {shown}, which is not there");
        let finding = Finding::new(
            id,
            live.subject(),
            message,
            Evidence::span(place, "is called"),
        );
        return Some(finding.with(Evidence::from(looked)));
    }
    // busybox' own shell runs its applets without a file; dcron mostly lives beside it.
    let applets = matches!(live.daemon, Daemon::Busybox | Daemon::Dcron);
    if applets || unfound_name(call, effect).is_none() {
        return None;
    }
    let path = call.env.get(&b"PATH"[..]).and_then(Value::bytes)?;
    let set = live.reading.value(live.job, b"PATH");
    let from = match set {
        Some(_) => "which this table sets".to_owned(),
        None => format!("which is what {} gives to a job", live.daemon),
    };
    let searched = Evidence::computed(format!("PATH is {}, {from}", escape(path)));
    let message = format!("{line} does not find `{shown}`");
    let finding = Finding::new(
        id,
        live.subject(),
        message,
        Evidence::span(place, "is called"),
    );
    let finding = match set {
        Some(line) => finding.with(Evidence::span(
            live.table.file.place(line.span),
            "is where it looks",
        )),
        None => finding.with(searched),
    };
    Some(advise(host, live, name, looked, finding))
}

/// What was meant: a program elsewhere, or a column that this table does not have.
fn advise(host: &Host, live: Live<'_>, name: &[u8], looked: &Looked, finding: Finding) -> Finding {
    let shown = escape(name);
    let text = String::from_utf8_lossy(name);
    let there = KEPT.into_iter().map(|dir| Path::new(dir).join(&*text));
    let there = there.into_iter().find(|path| {
        let found = host.resolve(path);
        matches!(found, Fact::Known(found) if found.meta.any_execute_bit())
    });
    if let Some(path) = there {
        let text = format!("Write {}, or set PATH in the table.", path.display());
        let finding = finding.with(Evidence::path(&path, "is where it is"));
        if live.takes_down(host) {
            let warning = "this job would take the box down: mending it arms that";
            return finding.with(Evidence::computed(warning)).fix(text, &[]);
        }
        return finding.fix(text, &[]);
    }
    let first = live.job.command.text.starts_with(name);
    let user = matches!(host.accounts(), Fact::Known(all) if all.uid(name).is_some());
    if first && user && matches!(live.table.kind, TableKind::User { .. }) {
        let text = format!("Take `{shown}` out: a user's table has no user column.");
        let user = format!("`{shown}` is a user, and this is a user's table");
        return finding.with(Evidence::computed(user)).fix(text, &[]);
    }
    finding.with(Evidence::from(looked))
}
