//! `cron-part-ignored`: a script in a directory of `run-parts` that does not run.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::linkage::{FailureKind, Start};
use crate::parse::crontab::{Daemon, Directory, RunParts, accepted_name};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::FileKind;
use crate::text::escape_path;

pub(in crate::rules) struct PartIgnored;

/// The directories, by what runs them.
const USUAL: [&str; 4] = [
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
];
const PERIODIC: [&str; 5] = [
    "/etc/periodic/15min",
    "/etc/periodic/hourly",
    "/etc/periodic/daily",
    "/etc/periodic/weekly",
    "/etc/periodic/monthly",
];

impl Rule for PartIgnored {
    fn id(&self) -> &'static str {
        "cron-part-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let (dirs, program): (&[&str], _) = match cron.daemons.as_slice() {
            [Daemon::Debian | Daemon::Debian187] => (&USUAL, RunParts::Debian),
            [Daemon::Cronie] => (&USUAL, RunParts::Fedora),
            [Daemon::Busybox] => (&PERIODIC, RunParts::Busybox),
            _ => return Err(Stop::NotApplicable("which run-parts there is is not known")),
        };
        let [daemon] = cron.daemons.as_slice() else {
            return Err(Stop::NotApplicable("which run-parts there is is not known"));
        };
        let mut out = Findings::new();
        for dir in dirs {
            let mut entries = host.tree().entries(Path::new(dir));
            if let Fact::Absent(_) = host.resolve(Path::new(dir)) {
                entries.uncovered.clear();
            }
            for path in &entries.items {
                out.judged += 1;
                let found = of_file(self.id(), host, *daemon, program, path, &mut out);
                out.list.extend(found);
            }
            super::incomplete(&entries, &mut out);
        }
        Ok(out)
    }
}

fn of_file(
    id: &'static str,
    host: &Host,
    daemon: Daemon,
    program: RunParts,
    path: &Path,
    out: &mut Findings,
) -> Option<Finding> {
    let found = host.resolve(path);
    out.gap(&found);
    let Fact::Known(found) = found else {
        return None;
    };
    // What a package brought lies as the package wants it.
    if found.meta.kind != FileKind::File || host.is_shipped(path) {
        return None;
    }
    let name = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
    let shown = escape_path(path);
    let runs = found.meta.any_execute_bit();
    if let Err(why) = accepted_name(daemon, Directory::RunParts(program), name) {
        if !runs || put_aside(name) {
            return None;
        }
        let message = format!("run-parts passes over {shown}: its name does not fit");
        return Some(Finding::new(id, shown, message, Evidence::path(path, why)));
    }
    if !runs {
        let head = host.tree().read_head(path, 2);
        out.gap(&head);
        let script = matches!(head, Fact::Known(head) if head.bytes() == b"#!");
        let message = format!("run-parts passes over {shown}: it is not executable");
        let evidence = Evidence::path(path, format!("mode {:04o}", found.meta.mode & 0o7777));
        // Often on purpose.
        let finding = Finding::new(id, shown, message, evidence).at_most(Level::Note);
        return script.then_some(finding);
    }
    let linkage = host.linkage(path);
    let (Start::Refused(failure) | Start::Dies(failure)) = &linkage.start else {
        return None;
    };
    // A shell that runs the parts reads them itself, as execvp(3) has it read.
    let shell_reads = matches!(failure.kind, FailureKind::NotAProgram | FailureKind::Empty);
    if shell_reads && program != RunParts::Debian {
        return None;
    }
    let message = format!("run-parts cannot start {shown}: {}", failure.message);
    let evidence = Evidence::path(&failure.object, failure.message.clone());
    let finding = Finding::new(id, shown, message, evidence);
    Some(finding.with_all(failure.looked.as_ref().map(Evidence::from)))
}

/// Names that say "not in use".
fn put_aside(name: &[u8]) -> bool {
    let suffixes: [&[u8]; 9] = [
        b"~",
        b".bak",
        b".old",
        b".orig",
        b".disabled",
        b".off",
        b".save",
        b".rpmsave",
        b".rpmnew",
    ];
    let hidden = name.starts_with(b".");
    let dpkg = name.windows(6).any(|part| part == b".dpkg-");
    hidden || dpkg || suffixes.iter().any(|suffix| name.ends_with(suffix))
}
