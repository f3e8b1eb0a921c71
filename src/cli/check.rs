//! `comeback check`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::against::{Base, open_base};
use super::args::{CheckArgs, LevelWord};
use super::formats::{Wanted, render, wanted};
use super::layout::{laid_out, open_layers, open_layers_at};
use super::output::{decide_colours, write_by};
use super::run::{
    Opened, PolicyPlace, Setup, accepted, deadline, devices, host, label, open_tree,
    root_from_here, selection, setup, setup_hosts,
};
use super::{Error, complain, transaction};
use crate::facts::Host;
use crate::facts::devices::Devices;
use crate::fleet::Member;
use crate::policy::{Exit, JudgedHost, Judgement, Verdict, Waiver, compare, judge, stale, worst};
use crate::report::{Outcome, ShownHost};
use crate::rules::{Examined, FLEET, Level, Selection, examine_fleet, examine_on};
use crate::source::{Tree, glob_hosts};
use crate::text::escape_path;
use crate::time::Deadline;

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Error> {
    decide_colours(args.color);
    let wanted = wanted(args)?;
    let outcome = outcome_of(args)?;
    Ok(report(&outcome, &wanted))
}

/// Examines and judges.
pub(super) fn outcome_of(args: &CheckArgs) -> Result<Outcome, Error> {
    let selection = selection(&args.rules)?;
    let waivers = accepted(&args.accept)?;
    let deadline = deadline(&args.tree, None)?;

    let (setup, examined) = if args.hosts.is_empty() {
        let root = args.tree.root.as_deref();
        let tree = open_tree(&args.tree, root, deadline)?;
        let place = PolicyPlace::of(&tree);
        let setup = setup(&args.tree, &tree, place, deadline)?;
        if let Some(path) = &args.transaction {
            let mut tree = tree;
            tree.add_covers(&setup.config.covers);
            let mut one = transaction::run(path, tree, &setup, args, &selection)?;
            one.unread_policy.clone_from(&setup.config.unread);
            let seen = vec![Seen {
                examined: one,
                prefix: String::new(),
                root: root_from_here(root),
                elsewhere: BTreeMap::new(),
                base: Before::NotAsked,
            }];
            return judge_all(args, &setup, seen, waivers);
        }
        let label = label(args.tree.root.as_ref(), &tree);
        let devices = devices(&args.devices, &tree)?;
        let base = base(args, root, &tree, deadline)?;
        // Of one host the rules run side by side, of many the hosts.
        let pool = crate::facts::pool().ok();
        let run = Run {
            setup: &setup,
            args,
            selection: &selection,
            pool: pool.as_ref(),
        };
        let mut one = run.one(tree, base, (label, devices), String::new());
        one.root = root_from_here(root);
        (setup, vec![one])
    } else {
        let setup = setup_hosts(&args.tree, deadline)?;
        let run = Run {
            setup: &setup,
            args,
            selection: &selection,
            pool: None,
        };
        let examined = run.hosts()?;
        (setup, examined)
    };

    judge_all(args, &setup, examined, waivers)
}

/// Judges what was examined.
pub(super) fn judge_all(
    args: &CheckArgs,
    setup: &Setup,
    examined: Vec<Seen>,
    mut waivers: Vec<Waiver>,
) -> Result<Outcome, Error> {
    let baseline = match &args.baseline {
        Some(path) => Some(super::baseline::read(path)?.ok_or_else(|| {
            let path = crate::text::escape_path(path);
            Error::Usage(format!("--baseline {path}: no such file"))
        })?),
        None => None,
    };
    waivers.extend(setup.config.waivers.iter().cloned());
    let fail_on = args.fail_on.map(level).or(setup.config.fail_on);
    let judgement = Judgement {
        fail_on: fail_on.unwrap_or(Level::Block),
        waivers: &waivers,
        rules: &setup.config.rules,
        whole_chain: false,
        audit: args.rules.audit,
    };
    let mut outcome = outcome(setup, examined, &judgement, args);
    if let Some(baseline) = baseline {
        for shown in &mut outcome.hosts {
            baseline.apply(&mut shown.host, &judgement);
        }
        outcome.exit = exit(&outcome.hosts);
    }
    Ok(outcome)
}

/// Writes the reports; the exit status.
pub(super) fn report(outcome: &Outcome, wanted: &[Wanted]) -> Exit {
    // One report that cannot be written keeps back no other, and no blocker.
    let mut exits = vec![outcome.exit];
    for wanted in wanted {
        let written = write_by(&wanted.to, &|out| render(outcome, wanted.format, out));
        if let Err(error) = written {
            complain(&error.to_string());
            exits.push(error.exit());
        }
    }
    worst(exits)
}

/// A host examined.
pub(super) struct Seen {
    /// What the rules said.
    pub(super) examined: Examined,
    /// What stands before its paths.
    pub(super) prefix: String,
    /// The directory it is read from; none for the running system.
    pub(super) root: Option<PathBuf>,
    /// Files of it that stand elsewhere; see [`ShownHost`].
    pub(super) elsewhere: BTreeMap<PathBuf, PathBuf>,
    /// What it is compared with.
    pub(super) base: Before,
}

/// What a host is compared with.
pub(super) enum Before {
    /// With nothing.
    NotAsked,
    /// It was not there.
    NotThere(String),
    /// What was examined then.
    Was(Box<Examined>, String),
}

/// `--against` for one tree.
fn base(
    args: &CheckArgs,
    root: Option<&Path>,
    tree: &Tree,
    deadline: Deadline,
) -> Result<Option<Base>, Error> {
    let named = args.against.as_deref();
    let base = named.map(|named| open_base(&args.tree, named, root, tree.coverage(), deadline));
    base.transpose()
}

/// A bar for people who wait; none where nobody sees it, or nothing takes long.
fn progress(hosts: usize, quiet: bool) -> ProgressBar {
    let seen = std::io::stderr().is_terminal() && !quiet && hosts > 8;
    if !seen {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} hosts, {eta} left");
    let bar = ProgressBar::new(u64::try_from(hosts).unwrap_or(u64::MAX));
    match style {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// What every host of a run is examined with.
struct Run<'a> {
    setup: &'a Setup,
    args: &'a CheckArgs,
    selection: &'a Selection,
    /// On what the rules of one host run.
    pool: Option<&'a rayon::ThreadPool>,
}

impl Run<'_> {
    fn one(
        &self,
        tree: Opened,
        base: Option<Base>,
        (label, devices): (Option<String>, Option<Devices>),
        prefix: String,
    ) -> Seen {
        let setup = self.setup;
        let over = |mut tree: Opened, label, devices| {
            tree.add_covers(&setup.config.covers);
            host(tree, setup, &self.args.tree, label, devices)
        };
        let name = base.as_ref().map(|base| base.name.clone());
        let was = base.and_then(|base| base.tree);
        let was = was.map(|tree| over(tree, label.clone(), devices.clone()));
        let host = over(tree, label, devices);
        let horizon = setup.horizon;
        let examine = |host: &Host, base: Option<&Host>| {
            examine_on(self.pool, host, base, self.selection, horizon)
        };
        let mut examined = examine(&host, was.as_ref());
        examined.unread_policy.clone_from(&setup.config.unread);
        let fleet = !self.args.hosts.is_empty();
        let member = |host: &Host, name: &str| {
            let member = || Box::new(Member::of(host, name, &setup.config.roles));
            fleet.then(member)
        };
        examined.member = member(&host, &examined.name);
        let mut elsewhere = BTreeMap::new();
        for tree in was.iter().chain([&host]).map(Host::tree) {
            elsewhere.extend(tree.origins());
        }
        let base = match (name, was) {
            (None, _) => Before::NotAsked,
            (Some(name), None) => Before::NotThere(name),
            (Some(name), Some(was)) => {
                let mut before = examine(&was, None);
                before.member = member(&was, &before.name);
                Before::Was(Box::new(before), name)
            }
        };
        Seen {
            examined,
            prefix,
            root: None,
            elsewhere,
            base,
        }
    }

    fn hosts(&self) -> Result<Vec<Seen>, Error> {
        let args = self.args;
        let mut roots: Vec<PathBuf> = Vec::new();
        let mut named = BTreeSet::new();
        for pattern in &args.hosts {
            let found = glob_hosts(pattern);
            let found =
                found.map_err(|error| Error::Usage(format!("--hosts {pattern}: {error}")))?;
            // Patterns overlap; a host is examined once, where it is named first.
            roots.extend(found.into_iter().filter(|root| named.insert(root.clone())));
        }
        if roots.is_empty() {
            let patterns = args.hosts.join(" ");
            return Err(Error::Nothing(format!(
                "--hosts {patterns}: no host matched"
            )));
        }
        if let Some(base) = &args.against
            && base.starts_with(['/', '.'])
        {
            return Err(Error::Usage(format!(
                "--against {base}: with --hosts only a git revision can be compared with"
            )));
        }
        let bar = progress(roots.len(), args.quiet);
        // Side by side, and reported in the order of the names.
        let examine = |root: &PathBuf| {
            let seen = self.host_at(root);
            bar.inc(1);
            seen
        };
        let pool = crate::facts::pool().map_err(|error| Error::Undecided(error.to_string()))?;
        let found: Vec<Result<(Seen, Option<String>), Error>> =
            pool.install(|| roots.par_iter().map(examine).collect());
        bar.finish_and_clear();
        let mut seen = Vec::new();
        for found in found {
            let (one, missing) = found?;
            if let Some(missing) = missing {
                complain(&missing);
            }
            seen.push(one);
        }
        Ok(self.fleet(seen))
    }

    /// One host of several, and why there is nothing to look at, if so.
    fn host_at(&self, root: &Path) -> Result<(Seen, Option<String>), Error> {
        let (args, setup) = (self.args, self.setup);
        let prefix = escape_path(root);
        let label = root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let laid = laid_out(&setup.config, root);
        let label = laid.as_ref().map_or(label, |laid| Some(laid.host.clone()));
        let opened = match &laid {
            Some(laid) => open_layers(&args.tree, laid, setup.deadline),
            None => open_tree(&args.tree, Some(root), setup.deadline),
        };
        match opened {
            Ok(tree) => {
                let label = match tree.recorded() {
                    Some(recorded) => recorded.host.clone().or(label),
                    None => label,
                };
                let base = match (&laid, args.against.as_deref()) {
                    (Some(laid), Some(named)) => {
                        let now = tree.coverage();
                        Some(open_layers_at(named, laid, now, setup.deadline)?)
                    }
                    _ => base(args, Some(root), &tree, setup.deadline)?,
                };
                let mut one = self.one(tree, base, (label, None), prefix);
                one.root = root_from_here(Some(root));
                for file in one.elsewhere.values_mut() {
                    if let Some(shown) = root_from_here(Some(file)) {
                        *file = shown;
                    }
                }
                Ok((one, None))
            }
            Err(error @ Error::Nothing(_)) => {
                let name = label.unwrap_or_else(|| prefix.clone());
                let seen = Seen {
                    examined: Examined::nothing(name, setup.clock.now()),
                    prefix,
                    root: root_from_here(Some(root)),
                    elsewhere: BTreeMap::new(),
                    base: Before::NotAsked,
                };
                Ok((seen, Some(error.to_string())))
            }
            Err(error) => Err(error),
        }
    }

    /// The rules over all hosts, as they are and as they were.
    fn fleet(&self, seen: Vec<Seen>) -> Vec<Seen> {
        let (mut now, mut then, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for host in seen {
            now.push(host.examined);
            let name = match host.base {
                Before::Was(was, name) => {
                    then.push(*was);
                    Ok(name)
                }
                other => Err(other),
            };
            rest.push((host.prefix, host.root, host.elsewhere, name));
        }
        for hosts in [&mut now, &mut then] {
            examine_fleet(hosts, FLEET, self.selection, self.setup.horizon);
        }
        let mut then = then.into_iter();
        let back = now.into_iter().zip(rest);
        let back = back.map(|(examined, (prefix, root, elsewhere, name))| {
            let base = match name {
                Ok(name) => match then.next() {
                    Some(was) => Before::Was(Box::new(was), name),
                    None => Before::NotThere(name),
                },
                Err(other) => other,
            };
            Seen {
                examined,
                prefix,
                root,
                elsewhere,
                base,
            }
        });
        back.collect()
    }
}

fn outcome(
    setup: &Setup,
    examined: Vec<Seen>,
    judgement: &Judgement<'_>,
    args: &CheckArgs,
) -> Outcome {
    let mut against = None;
    let mut hosts = Vec::new();
    for seen in examined {
        let mut host = judge(seen.examined, judgement);
        match seen.base {
            Before::NotAsked => {}
            Before::NotThere(name) => {
                compare(&mut host, None, judgement);
                against = against.or(Some(name));
            }
            Before::Was(was, name) => {
                compare(&mut host, Some(&judge(*was, judgement)), judgement);
                against = Some(name);
            }
        }
        hosts.push(ShownHost {
            host,
            prefix: seen.prefix,
            root: seen.root,
            elsewhere: seen.elsewhere,
        });
    }
    // With fewer rules, or against a base, a waiver may seem to have nothing to accept.
    let whole = args.rules.select.is_empty() && args.rules.ignore.is_empty();
    let whole = whole && against.is_none() && args.transaction.is_none();
    let judged: Vec<&JudgedHost> = hosts.iter().map(|shown| &shown.host).collect();
    let stale = if whole {
        stale(judgement.waivers, &judged)
    } else {
        Vec::new()
    };
    Outcome {
        now: setup.clock.now(),
        now_given: setup.clock.is_given(),
        horizon: setup.horizon,
        policy: setup.config.file.clone(),
        stale,
        against,
        fail_on: judgement.fail_on,
        exit: exit(&hosts),
        hosts,
        fleet: !args.hosts.is_empty(),
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
