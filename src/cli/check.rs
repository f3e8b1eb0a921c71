//! `comeback check`.

use std::path::PathBuf;

use super::Error;
use super::args::{CheckArgs, LevelWord};
use super::output::{Output, decide_colours, write_out};
use super::run::{
    PolicyPlace, Setup, accepted, deadline, host, open_tree, selection, setup, setup_hosts,
};
use crate::policy::{Exit, JudgedHost, Judgement, Verdict, judge, worst};
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
    let mut waivers = accepted(&args.accept)?;
    let deadline = deadline(&args.tree, None)?;

    let (setup, examined) = if args.hosts.is_empty() {
        let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
        let place = PolicyPlace::of(&tree);
        let setup = setup(&args.tree, &tree, place, deadline)?;
        let label = label(args.tree.root.as_ref());
        let one = one(tree, &setup, args, &selection, label, String::new());
        (setup, vec![one])
    } else {
        let setup = setup_hosts(&args.tree, deadline)?;
        let examined = hosts(args, &setup, &selection)?;
        (setup, examined)
    };

    waivers.extend(setup.config.waivers.iter().cloned());
    let fail_on = args.fail_on.map(level).or(setup.config.fail_on);
    let judgement = Judgement {
        fail_on: fail_on.unwrap_or(Level::Block),
        waivers: &waivers,
        whole_chain: false,
        audit: args.rules.audit,
    };
    let outcome = outcome(&setup, examined, &judgement, args);
    // One report that cannot be written keeps back neither the others nor a blocker.
    let mut exit = outcome.exit;
    for wanted in &wanted {
        let written =
            render(&outcome, wanted.format).and_then(|text| write_out(&wanted.to, text.as_bytes()));
        if let Err(error) = written {
            super::complain(&error.to_string());
            exit = worst([exit, error.exit()]);
        }
    }
    Ok(exit)
}

/// A host examined, with what stands before its paths.
type Seen = (Examined, String);

fn one(
    tree: Tree,
    setup: &Setup,
    args: &CheckArgs,
    selection: &Selection,
    label: Option<String>,
    prefix: String,
) -> Seen {
    let mut tree = tree;
    tree.add_covers(&setup.config.covers);
    let host = host(tree, setup, &args.tree, label);
    let mut examined = examine(&host, selection, setup.horizon);
    examined.unread_policy.clone_from(&setup.config.unread);
    (examined, prefix)
}

/// The name of a host read from a directory that does not tell its own.
fn label(root: Option<&PathBuf>) -> Option<String> {
    let root = root.filter(|root| root.as_path() != std::path::Path::new("/"))?;
    let name = root.file_name()?;
    let name = name.to_string_lossy();
    // A directory called `root` or `rootfs` names no host.
    (!matches!(&*name, "root" | "rootfs" | "." | "mnt")).then(|| name.into_owned())
}

fn hosts(args: &CheckArgs, setup: &Setup, selection: &Selection) -> Result<Vec<Seen>, Error> {
    let mut roots: Vec<PathBuf> = Vec::new();
    for pattern in &args.hosts {
        let found = glob_hosts(pattern);
        let found = found.map_err(|error| Error::Usage(format!("--hosts {pattern}: {error}")))?;
        roots.extend(found);
    }
    roots.dedup();
    if roots.is_empty() {
        let patterns = args.hosts.join(" ");
        return Err(Error::Nothing(format!(
            "--hosts {patterns}: no host matched"
        )));
    }
    let mut seen = Vec::new();
    for root in &roots {
        let tree = open_tree(&args.tree, Some(root), setup.deadline)?;
        let prefix = escape_path(root);
        let label = root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        seen.push(one(tree, setup, args, selection, label, prefix));
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
