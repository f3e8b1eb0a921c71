//! `loader-config-broken`: the loader has no configuration, or one without an entry.

use crate::boot::{Problem, ProblemKind};
use crate::fact::{Fact, Stop};
use crate::facts::boot::{LoaderKind, Sign, Start};
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct ConfigBroken;

impl Rule for ConfigBroken {
    fn id(&self) -> &'static str {
        "loader-config-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let mut out = Findings::new();
        let chosen = match host.start() {
            Start::Loader(chosen) => chosen,
            Start::NoConfig { kind, config, sign } => {
                let name = kind.name();
                let path = escape_path(config);
                let message = format!("{name} has no {path}: it stops at its command line");
                let missing = Evidence::Missing {
                    paths: vec![config.clone()],
                    notes: Vec::new(),
                };
                let mut finding = Finding::new(self.id(), path, message, missing);
                finding = match sign {
                    Sign::File(path) => finding.with(Evidence::path(path, "is installed")),
                    Sign::Package(name) => {
                        let text = format!("package {name} is installed");
                        finding
                            .with(Evidence::computed(text))
                            .confidence(Confidence::Likely)
                    }
                };
                if *kind == LoaderKind::Grub {
                    let text = "Make it again, before the next reboot:";
                    finding = finding.fix(text, &["grub-mkconfig -o /boot/grub/grub.cfg"]);
                }
                out.push(finding);
                return Ok(out);
            }
            Start::Unmodelled(unknown) | Start::Unknown(unknown) => {
                return Err(undecided(unknown.clone()));
            }
            Start::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
            Start::Outside(_) => return Err(Stop::NotApplicable("no boot loader in this tree")),
        };
        let next = &chosen.next;
        let name = chosen.kind.name();
        // grub-mkconfig 2.06 writes NAME.new, checks it, and removes it when all is well.
        if chosen.kind == LoaderKind::Grub {
            let mut new = chosen.config.clone().into_os_string();
            new.push(".new");
            let new = std::path::PathBuf::from(new);
            if let Fact::Known(found) = host.tree().lstat(&new) {
                let path = escape_path(&new);
                let message = format!("grub-mkconfig did not finish: {path} is left");
                let evidence = Evidence::path(&new, crate::text::size(found.meta.len));
                let finding = Finding::new(self.id(), path, message, evidence);
                out.push(finding.at_most(Level::Warn));
            }
        }
        let path = escape_path(&chosen.config);
        let told = |problem: &Problem| Evidence::span(problem.place.clone(), &*problem.message);
        let of_kind = |kinds: &[ProblemKind]| {
            let mut problems = next.problems.iter();
            problems.find(|p| kinds.contains(&p.kind))
        };
        if next.entry.is_none() && next.entries.is_empty() && next.open.is_empty() {
            let kinds = [
                ProblemKind::Empty,
                ProblemKind::Truncated,
                ProblemKind::Syntax,
                ProblemKind::NoEntries,
                ProblemKind::EntryIgnored,
            ];
            let what = match of_kind(&kinds).map(|p| p.kind) {
                Some(ProblemKind::Empty) => "is empty",
                Some(ProblemKind::Truncated) => "is cut off and defines no entry",
                _ => "defines no entry that can be started",
            };
            let message = format!("{path} {what}: {name} stops at its command line");
            let none = || Evidence::path(&chosen.config, "no entry");
            let evidence = of_kind(&kinds).map_or_else(none, told);
            let more = next.problems.iter().filter(|p| kinds.contains(&p.kind));
            let more = more.skip(1).take(3).map(told);
            out.push(Finding::new(self.id(), path, message, evidence).with_all(more));
            return Ok(out);
        }
        if let Some(problem) = of_kind(&[ProblemKind::Truncated]) {
            let message = format!("{path} is cut off; the entry that boots is whole");
            let finding = Finding::new(self.id(), path, message, told(problem));
            out.push(finding.at_most(Level::Warn));
        }
        if next.entry.is_none() {
            out.open.extend(next.open.iter().cloned());
        }
        // Several entries are possible: each of them would have to hold.
        if next.entry.is_some() && !next.alternatives.is_empty() {
            out.open.extend(next.open.iter().cloned());
        }
        Ok(out)
    }
}
