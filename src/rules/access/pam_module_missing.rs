//! `access-pam-module-missing`: PAM needs a module or file that is not there, and refuses
//! everybody.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::fact::{Doubt, Fact, Listing, Stop, Unknown};
use crate::facts::Host;
use crate::parse::pam::{Control, Line, Type, parse};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct PamModuleMissing;

const ID: &str = "access-pam-module-missing";

/// Where modules are: libpam has one of these built in, below the machine's own name on
/// Debian.
const LIBRARIES: [&str; 4] = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"];
/// So many files of one service are followed.
const MAX_FILES: usize = 200;

impl Rule for PamModuleMissing {
    fn id(&self) -> &'static str {
        ID
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        let config = super::config(sshd)?;
        let on = config.at_start("usepam").and_then(|line| line.args.first());
        if !on.is_some_and(|value| value.eq_ignore_ascii_case(b"yes")) {
            return Err(Stop::NotApplicable("sshd does not ask PAM"));
        }
        let dirs = directories(host);
        if dirs.items.is_empty() {
            dirs.complete()?;
            return Err(Stop::NotApplicable("PAM's modules have no directory"));
        }
        let mut walk = Walk::new(host, dirs);
        walk.file("sshd", None, None)?;
        let mut out = walk.out;
        let found = std::mem::take(&mut out.list).into_iter();
        out.list = found.map(|one| super::weighed(host, one)).collect();
        Ok(out)
    }
}

/// Directories of modules that are there.
fn directories(host: &Host) -> Listing<PathBuf> {
    let mut found = Listing::new();
    for library in LIBRARIES {
        let library = Path::new(library);
        let mut candidates = vec![library.join("security")];
        let entries = host.tree().entries(library);
        found.gaps.extend(entries.gaps);
        found.uncovered.extend(entries.uncovered);
        for entry in entries.items {
            let name = entry.file_name().map(OsStr::to_string_lossy);
            if name.is_some_and(|name| name.contains("-linux-")) {
                candidates.push(entry.join("security"));
            }
        }
        for dir in candidates {
            found.push(host.tree().list(&dir).map(|_| dir));
        }
    }
    found
}

struct Walk<'a> {
    host: &'a Host,
    dirs: Listing<PathBuf>,
    seen: BTreeSet<String>,
    out: Findings,
}

impl<'a> Walk<'a> {
    fn new(host: &'a Host, dirs: Listing<PathBuf>) -> Self {
        let (seen, out) = (BTreeSet::new(), Findings::new());
        Self {
            host,
            dirs,
            seen,
            out,
        }
    }

    /// Follows a service's file, for one type of lines or for all.
    fn file(&mut self, name: &str, only: Option<Type>, asked: Option<&Place>) -> Result<(), Stop> {
        if !self.seen.insert(format!("{name} {only:?}")) {
            return Ok(());
        }
        let path = if name.starts_with('/') {
            PathBuf::from(name)
        } else {
            Path::new("/etc/pam.d").join(name)
        };
        if self.seen.len() > MAX_FILES {
            let doubt = Doubt::Limit(format!("{MAX_FILES} files of PAM"));
            return Err(Stop::Undecided(vec![Unknown::new(path, doubt)]));
        }
        let mut there = self.host.tree().read(&path);
        if matches!(there, Fact::Absent(_)) && !name.starts_with('/') {
            // What the vendor ships (libpam 1.5 and later, where it is built in).
            let vendor = Path::new("/usr/lib/pam.d").join(name);
            let vendor = self.host.tree().read(&vendor);
            if !matches!(vendor, Fact::Absent(_)) {
                there = vendor;
            }
        }
        let Some(file) = there.require()?.cloned() else {
            // sshd without a file of its own is served by `other`.
            if let Some(place) = asked {
                let shown = escape(name.as_bytes());
                let what = "a part of its stack, is not there";
                let message = format!("PAM refuses everybody: {shown}, {what}");
                let label = format!("asks for {shown}");
                self.push(&shown, message, place, &label);
            }
            return Ok(());
        };
        for line in parse(&file) {
            match line {
                Line::Include { name, place } => self.file(&name, only, Some(&place))?,
                Line::Module {
                    kind,
                    control,
                    name,
                    place,
                } => {
                    // Passwords are changed elsewhere, and a key needs no `auth`.
                    let counts = matches!(kind, Type::Account | Type::Session)
                        && only.is_none_or(|only| only == kind);
                    match control {
                        Control::Include if only.is_none_or(|only| only == kind) => {
                            self.file(&name, Some(kind), Some(&place))?;
                        }
                        Control::Must if counts => self.module(kind, &name, &place)?,
                        Control::Include | Control::Must | Control::May => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn module(&mut self, kind: Type, name: &str, place: &Place) -> Result<(), Stop> {
        // A name that begins with a slash stays as it is.
        for dir in &self.dirs.items {
            if self.host.resolve(&dir.join(name)).require()?.is_some() {
                return Ok(());
            }
        }
        if !name.starts_with('/') {
            self.dirs.complete()?;
        }
        let shown = escape(name.as_bytes());
        let is_account = kind == Type::Account;
        let word = if is_account { "account" } else { "session" };
        let what = format!("{shown}, which {word} requires, is not there");
        let message = format!("PAM lets nobody in by ssh: {what}");
        self.push(&shown, message, place, "must succeed, and cannot be loaded");
        Ok(())
    }

    fn push(&mut self, subject: &str, message: String, place: &Place, label: &str) {
        let evidence = Evidence::span(place.clone(), label);
        let finding = Finding::new(ID, subject, message, evidence);
        self.out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    #[test]
    fn more_files_than_are_followed_are_an_open_question() {
        let walk = |files: usize| {
            let mut source = MemSource::new();
            source.file("/etc/pam.d/part0", "");
            for at in 1..files {
                let text = format!("@include part{}\n", at - 1);
                source.file(format!("/etc/pam.d/part{at}"), text);
            }
            let tree = Tree::for_tests(source, Coverage::full(true));
            let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
            let mut walk = Walk::new(&host, Listing::new());
            walk.file(&format!("part{}", files - 1), None, None)
        };
        assert_eq!(walk(MAX_FILES), Ok(()));
        assert!(matches!(walk(MAX_FILES + 1), Err(Stop::Undecided(_))));
    }
}
