//! `comeback check`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::args::{CheckArgs, LevelWord};
use super::output::{Output, decide_colours, write_out};
use super::run::{
    PolicyPlace, Setup, accepted, deadline, devices, host, label, open_tree, selection, setup,
    setup_hosts,
};
use super::{Error, complain, transaction};
use crate::facts::devices::Devices;
use crate::policy::{Exit, JudgedHost, Judgement, Verdict, Waiver, judge, worst};
use crate::report::{self, Outcome, ShownHost};
use crate::rules::{Examined, FLEET, Level, Selection, examine, examine_fleet};
use crate::source::{Tree, glob_hosts};
use crate::text::escape_path;

/// A report to write.
struct Wanted {
    format: Format,
    to: Output,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Brief,
    Json,
    Jsonl,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Error> {
    decide_colours(args.color);
    let wanted = formats(args)?;
    let selection = selection(&args.rules)?;
    let waivers = accepted(&args.accept)?;
    let deadline = deadline(&args.tree, None)?;

    let (setup, examined) = if args.hosts.is_empty() {
        let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
        let place = PolicyPlace::of(&tree);
        let setup = setup(&args.tree, &tree, place, deadline)?;
        if let Some(path) = &args.transaction {
            let mut tree = tree;
            tree.add_covers(&setup.config.covers);
            let mut one = transaction::run(path, tree, &setup, args, &selection)?;
            one.unread_policy.clone_from(&setup.config.unread);
            let seen = vec![(one, String::new())];
            return Ok(finish(args, &setup, seen, waivers, &wanted));
        }
        let label = label(args.tree.root.as_ref());
        let devices = devices(&args.devices, &tree)?;
        let one = one(
            tree,
            &setup,
            args,
            &selection,
            (label, devices),
            String::new(),
        );
        (setup, vec![one])
    } else {
        let setup = setup_hosts(&args.tree, deadline)?;
        let examined = hosts(args, &setup, &selection)?;
        (setup, examined)
    };

    Ok(finish(args, &setup, examined, waivers, &wanted))
}

/// Judges and reports.
fn finish(
    args: &CheckArgs,
    setup: &Setup,
    examined: Vec<Seen>,
    mut waivers: Vec<Waiver>,
    wanted: &[Wanted],
) -> Exit {
    waivers.extend(setup.config.waivers.iter().cloned());
    let fail_on = args.fail_on.map(level).or(setup.config.fail_on);
    let judgement = Judgement {
        fail_on: fail_on.unwrap_or(Level::Block),
        waivers: &waivers,
        whole_chain: false,
        audit: args.rules.audit,
    };
    let outcome = outcome(setup, examined, &judgement, args);
    // One report that cannot be written keeps back no other, and no blocker.
    let mut exits = vec![outcome.exit];
    for wanted in wanted {
        let text = render(&outcome, wanted.format);
        if let Err(error) = text.and_then(|text| write_out(&wanted.to, text.as_bytes())) {
            complain(&error.to_string());
            exits.push(error.exit());
        }
    }
    worst(exits)
}

/// A host examined, with what stands before its paths.
type Seen = (Examined, String);

fn one(
    tree: Tree,
    setup: &Setup,
    args: &CheckArgs,
    selection: &Selection,
    (label, devices): (Option<String>, Option<Devices>),
    prefix: String,
) -> Seen {
    let mut tree = tree;
    tree.add_covers(&setup.config.covers);
    let host = host(tree, setup, &args.tree, label, devices);
    let mut examined = examine(&host, selection, setup.horizon);
    examined.unread_policy.clone_from(&setup.config.unread);
    (examined, prefix)
}

fn hosts(args: &CheckArgs, setup: &Setup, selection: &Selection) -> Result<Vec<Seen>, Error> {
    let mut roots: Vec<PathBuf> = Vec::new();
    let mut named = BTreeSet::new();
    for pattern in &args.hosts {
        let found = glob_hosts(pattern);
        let found = found.map_err(|error| Error::Usage(format!("--hosts {pattern}: {error}")))?;
        // Patterns overlap; a host is examined once, where it is named first.
        roots.extend(found.into_iter().filter(|root| named.insert(root.clone())));
    }
    if roots.is_empty() {
        let patterns = args.hosts.join(" ");
        return Err(Error::Nothing(format!(
            "--hosts {patterns}: no host matched"
        )));
    }
    let mut seen = Vec::new();
    for root in &roots {
        let prefix = escape_path(root);
        let label = root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        match open_tree(&args.tree, Some(root), setup.deadline) {
            Ok(tree) => seen.push(one(tree, setup, args, selection, (label, None), prefix)),
            Err(error @ Error::Nothing(_)) => {
                complain(&error.to_string());
                let name = label.unwrap_or_else(|| prefix.clone());
                seen.push((Examined::nothing(name, setup.clock.now()), prefix));
            }
            Err(error) => return Err(error),
        }
    }
    let mut examined: Vec<Examined> = Vec::new();
    let mut prefixes = Vec::new();
    for (host, prefix) in seen {
        examined.push(host);
        prefixes.push(prefix);
    }
    examine_fleet(&mut examined, FLEET, selection, setup.horizon);
    Ok(examined.into_iter().zip(prefixes).collect())
}

fn outcome(
    setup: &Setup,
    examined: Vec<Seen>,
    judgement: &Judgement<'_>,
    args: &CheckArgs,
) -> Outcome {
    let fleet = !args.hosts.is_empty();
    let shown = examined.into_iter().map(|(examined, prefix)| ShownHost {
        host: judge(examined, judgement),
        prefix,
    });
    let hosts: Vec<ShownHost> = shown.collect();
    Outcome {
        now: setup.clock.now(),
        now_given: setup.clock.is_given(),
        horizon: setup.horizon,
        policy: setup.config.file.clone(),
        exit: exit(&hosts),
        hosts,
        fleet,
        verbose: args.verbose,
    }
}

/// The worst of the hosts; an empty host among others is undecided, not nothing.
fn exit(hosts: &[ShownHost]) -> Exit {
    let of = |host: &JudgedHost| match host.verdict {
        Verdict::Nothing if hosts.len() > 1 => Exit::Undecided,
        _ => host.exit,
    };
    if !hosts.is_empty() && hosts.iter().all(|h| h.host.verdict == Verdict::Nothing) {
        return Exit::Nothing;
    }
    worst(hosts.iter().map(|shown| of(&shown.host)))
}

const fn level(word: LevelWord) -> Level {
    match word {
        LevelWord::Block => Level::Block,
        LevelWord::Warn => Level::Warn,
        LevelWord::Note => Level::Note,
    }
}

/// `--format` and `-q`, with at most one report on standard output.
fn formats(args: &CheckArgs) -> Result<Vec<Wanted>, Error> {
    let mut wanted = Vec::new();
    for text in &args.format {
        let (name, to) = match text.split_once('=') {
            Some((_, "")) => {
                return Err(Error::Usage(format!(
                    "--format {text}: no file name after ="
                )));
            }
            Some((name, file)) => (name, Output::File(PathBuf::from(file))),
            None => (text.as_str(), Output::Stdout),
        };
        let format = match name {
            "text" => Format::Text,
            "brief" => Format::Brief,
            "json" => Format::Json,
            "jsonl" => Format::Jsonl,
            _ => {
                return Err(Error::Usage(format!(
                    "--format {name}: choose text, brief, json or jsonl"
                )));
            }
        };
        wanted.push(Wanted { format, to });
    }
    let on_stdout = wanted.iter().filter(|w| w.to == Output::Stdout).count();
    if on_stdout > 1 {
        return Err(Error::Usage(
            "--format: only one report fits on standard output".into(),
        ));
    }
    if args.quiet && on_stdout > 0 {
        return Err(Error::Usage(
            "-q says only the verdict; it does not go with --format".into(),
        ));
    }
    if on_stdout == 0 {
        wanted.push(Wanted {
            format: if args.quiet {
                Format::Brief
            } else {
                Format::Text
            },
            to: Output::Stdout,
        });
    }
    Ok(wanted)
}

fn render(outcome: &Outcome, format: Format) -> Result<String, Error> {
    let failed = |error: serde_json::Error| Error::Output(error.to_string());
    match format {
        Format::Text => Ok(report::text(outcome)),
        Format::Brief => Ok(report::brief(outcome)),
        Format::Json => report::json(outcome).map_err(failed),
        Format::Jsonl => report::jsonl(outcome).map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Two hosts: `whole` is a part that has nothing wrong, `empty` has nothing.
    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let table = dir.path().join("hosts/whole/etc/cron.d");
        std::fs::create_dir_all(&table).unwrap();
        std::fs::write(table.join("job"), "1 2 * * * root /usr/bin/true\n").unwrap();
        std::fs::create_dir_all(dir.path().join("hosts/empty")).unwrap();
        dir
    }

    fn run(dir: &Path, hosts: &str, report: &str) -> u8 {
        let format = format!("json={}", dir.join(report).display());
        let hosts = dir.join(hosts).display().to_string();
        let now = "--now=2026-11-22T12:00:00Z";
        let words = [
            "comeback", "check", "--hosts", &hosts, now, "--format", &format, "-q",
        ];
        crate::cli::main(words.map(Into::into))
    }

    #[test]
    fn an_empty_host_among_others_is_undecided_and_spoils_no_report() {
        let dir = sample();
        assert_eq!(run(dir.path(), "hosts/whole", "r.json"), 0);
        assert_eq!(run(dir.path(), "hosts/empty", "r.json"), 3);
        assert_eq!(run(dir.path(), "hosts/*", "r.json"), 4);
        let report = std::fs::read_to_string(dir.path().join("r.json")).unwrap();
        assert!(report.contains("whole") && report.contains("empty"));
    }

    #[test]
    fn a_blocker_outranks_a_report_that_cannot_be_written() {
        let dir = sample();
        assert_eq!(run(dir.path(), "hosts/whole", "none/r.json"), 70);
        let root = dir.path().join("hosts/whole");
        std::fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
        std::fs::write(root.join("etc/fstab"), "UUID=a / ext4 defaults 0 1\n").unwrap();
        assert_eq!(run(dir.path(), "hosts/whole", "none/r.json"), 1);
    }
}
