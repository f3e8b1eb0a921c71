//! A tree in memory, and how tests call scripts in it.

mod expansion;
mod flow;
mod hostile;
mod own_place;
mod power;
mod reach;
mod strangers;
mod surroundings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::power::{Judgement, takes_down};
use super::*;
use crate::fact::{Doubt, Looked};

/// Scripts by path; every file exists, nothing else does, `/run` is not known.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<PathBuf, Arc<File>>, BTreeMap<PathBuf, PathBuf>);

impl Tree {
    pub(super) fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.into(), File::new(path, text));
        self
    }

    /// A link that the tree follows.
    pub(super) fn link(mut self, path: &str, to: &str) -> Self {
        self.1.insert(path.into(), to.into());
        self
    }

    fn followed(&self, path: &Path) -> PathBuf {
        let mut out = PathBuf::new();
        for component in path.components() {
            out.push(component);
            if let Some(to) = self.1.get(&out) {
                out = self.followed(&out.parent().unwrap().join(to));
            }
        }
        out
    }
}

impl World for Tree {
    fn script(&self, path: &Path) -> Fact<Arc<File>> {
        match self.0.get(&self.followed(path)) {
            Some(file) => Fact::Known(Arc::clone(file)),
            None => Fact::Absent(Looked::at(path)),
        }
    }

    fn find(&self, name: &[u8], path: &[u8]) -> Fact<PathBuf> {
        let name = std::str::from_utf8(name).unwrap();
        for dir in std::str::from_utf8(path).unwrap().split(':') {
            let full = Path::new(dir).join(name);
            if self.0.contains_key(&full) {
                return Fact::Known(full);
            }
        }
        Fact::Absent(Looked::at(name))
    }

    fn test(&self, what: FileTest, path: &Path) -> Fact<bool> {
        if path.starts_with("/run") || path.starts_with("/var/run") || path.starts_with("/tmp") {
            return Fact::Unknown(Unknown::new(path, Doubt::CannotModel("runtime".into())));
        }
        let file = self.0.get(path);
        Fact::Known(match what {
            FileTest::Directory => self.0.keys().any(|p| p.starts_with(path) && p != path),
            FileTest::Exists => self.0.keys().any(|p| p.starts_with(path)),
            FileTest::NotEmpty => file.is_some_and(|f| !f.bytes().is_empty()),
            FileTest::Link
            | FileTest::Block
            | FileTest::Character
            | FileTest::Fifo
            | FileTest::Socket => false,
            FileTest::Regular | FileTest::Readable | FileTest::Writable | FileTest::Executable => {
                file.is_some()
            }
        })
    }
}

/// The same tree, which also decides what files hold, what a directory has, and the name
/// of the host.
pub(super) struct Settled(pub(super) Tree);

impl World for Settled {
    fn script(&self, path: &Path) -> Fact<Arc<File>> {
        self.0.script(path)
    }

    fn find(&self, name: &[u8], path: &[u8]) -> Fact<PathBuf> {
        self.0.find(name, path)
    }

    fn test(&self, what: FileTest, path: &Path) -> Fact<bool> {
        match self.0.test(what, path) {
            Fact::Known(false) => Fact::Unknown(Unknown::new(
                path,
                Doubt::CannotModel("may be put here".into()),
            )),
            other => other,
        }
    }

    fn content(&self, path: &Path) -> Fact<Arc<File>> {
        self.0.script(path)
    }

    fn real(&self, path: &Path) -> Fact<PathBuf> {
        let path = self.0.followed(path);
        if self.0.0.keys().any(|known| known.starts_with(&path)) {
            Fact::Known(path)
        } else {
            Fact::Absent(Looked::at(path))
        }
    }

    fn link(&self, path: &Path) -> Fact<PathBuf> {
        match self.0.1.get(path) {
            Some(to) => Fact::Known(to.clone()),
            None => Fact::Absent(Looked::at(path)),
        }
    }

    fn entries(&self, path: &Path) -> Fact<Vec<Vec<u8>>> {
        let names = self.0.0.keys().filter_map(|p| p.strip_prefix(path).ok());
        let first = names.filter_map(|p| p.components().next());
        let mut names: Vec<Vec<u8>> = first
            .map(|c| c.as_os_str().as_encoded_bytes().to_vec())
            .collect();
        names.dedup();
        Fact::Known(names)
    }

    fn hostname(&self) -> Fact<Vec<u8>> {
        Fact::Known(b"lb1.example.org".to_vec())
    }

    fn follows_run_parts(&self) -> bool {
        true
    }

    fn lacks(&self, path: &Path) -> bool {
        !self.0.0.contains_key(path)
    }
}

/// Calls a script with arguments; the first line may name the shell.
pub(super) fn call(tree: Tree, text: &str, args: &[&str]) -> Outcome {
    let tree = tree.with("/x.sh", text);
    let call = Call {
        program: Program::Script("/x.sh".into()),
        args: args.iter().map(|a| Value::known(*a)).collect(),
        env: BTreeMap::new(),
        cwd: Value::known("/"),
        stdin: None,
        dialect: Dialect::Sh,
    };
    evaluate(&call, &tree, &Limits::default())
}

/// Runs bash text without arguments.
pub(super) fn bash(text: &str) -> Outcome {
    call(Tree::default(), &format!("#!/bin/bash\n{text}\n"), &[])
}

/// Runs sh text without arguments.
pub(super) fn sh(text: &str) -> Outcome {
    call(Tree::default(), &format!("#!/bin/sh\n{text}\n"), &[])
}

/// A cron command in a tree.
pub(super) fn cron(tree: &Tree, text: &str) -> Outcome {
    let file = File::new("/etc/crontab", text);
    let call = Call {
        program: Program::Command(Source::whole(&file)),
        args: Vec::new(),
        env: BTreeMap::from([(b"PATH".to_vec(), Value::known("/usr/bin:/bin:/sbin"))]),
        cwd: Value::known("/root"),
        stdin: None,
        dialect: Dialect::Sh,
    };
    evaluate(&call, tree, &Limits::default())
}

/// Whether a cron command takes the host down.
pub(super) fn judge(tree: &Tree, text: &str) -> Judgement {
    takes_down(&cron(tree, text))
}

/// An effect in one line: words or `> path: data`, and its conditions.
pub(super) fn show(effect: &Effect) -> String {
    let value = |v: &Value| match v {
        Value::Known(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Unknown { prefix } => format!("{}<?>", String::from_utf8_lossy(prefix)),
    };
    let mut line = match &effect.action {
        Action::Run { argv, .. } => argv.iter().map(value).collect::<Vec<_>>().join(" "),
        Action::Write { path, data, append } => {
            let mark = if *append { ">>" } else { ">" };
            format!("{mark} {}: {}", value(path), value(data).trim_end())
        }
    };
    let conditions: Vec<String> = effect
        .reach
        .conditions()
        .iter()
        .map(ToString::to_string)
        .collect();
    if !conditions.is_empty() {
        line = format!("{line} if {}", conditions.join(", "));
    }
    match &effect.scope {
        Scope::Here => line,
        scope => format!("{line} @ {scope:?}"),
    }
}

/// All effects, one line each.
pub(super) fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.effects.iter().map(show).collect()
}
