//! Programs that read keepalived's FIFOs: what they do with the line of an event.
//!
//! A line is `INSTANCE "NAME" STATE PRIORITY`, the name in double quotes, and the program
//! gets the path of the FIFO as its last argument (keepalived 2.2.7 `vrrp_notify.c`,
//! `notify_fifo`).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::doing::{Does, does};
use crate::fact::{Doubt, Fact, Unknown};
use crate::facts::Host;
use crate::facts::failover::{Handling, Miss};
use crate::facts::world::TreeWorld;
use crate::shell::{
    Call, Comparison, DEFAULT_PATH, Dialect, FileTest, Input, Limits, Outcome, Program, Value,
    World, evaluate,
};
use crate::text::{File, Place};

/// One event, as it is written to a FIFO.
#[derive(Clone, Debug)]
pub(in crate::facts) struct Event<'a> {
    /// `INSTANCE` or `GROUP`.
    pub(in crate::facts) kind: &'static str,
    /// The name.
    pub(in crate::facts) name: &'a [u8],
    /// The state.
    pub(in crate::facts) state: &'static str,
    /// The priority.
    pub(in crate::facts) priority: u8,
}

/// What the program `argv` does with an event that it reads from its last argument.
pub(in crate::facts) fn handling(
    host: &Host,
    argv: &[Vec<u8>],
    event: &Event<'_>,
    place: &Place,
) -> (Handling, Vec<Comparison>) {
    let run = |name: &[u8]| -> (Outcome, bool) {
        let fifo = argv.last().map_or(&b""[..], Vec::as_slice);
        let head = format!("{} \"", event.kind).into_bytes();
        let tail = format!("\" {} {}\n", event.state, event.priority).into_bytes();
        let feed = Feed {
            world: TreeWorld::new(host.tree()).for_hooks(host.label()),
            path: PathBuf::from(std::ffi::OsStr::from_bytes(fifo)),
            line: [&head[..], name, &tail].concat(),
            read: AtomicBool::new(false),
        };
        let outcome = evaluate(&call(argv), &feed, &Limits::default());
        (outcome, feed.read.load(Ordering::Relaxed))
    };
    let (outcome, read) = run(event.name);
    let handling = match does(host, &outcome) {
        // What it reads otherwise than from a redirection is not followed.
        _ if !read => {
            let doubt = Doubt::CannotModel("how it reads the FIFO is not followed".into());
            Handling::Undecided(vec![Unknown::at(place.clone(), doubt)])
        }
        Does::Something(acts) => Handling::Handled(acts),
        Does::Unclear(open) => Handling::Undecided(open),
        Does::Nothing => Handling::Nothing(misses(host, event, &outcome, &run)),
    };
    (handling, outcome.comparisons)
}

fn call(argv: &[Vec<u8>]) -> Call {
    let words = argv.iter().map(|word| Value::known(word.clone()));
    let mut words = words.collect::<Vec<Value>>().into_iter();
    Call {
        program: Program::Words(words.next().into_iter().collect()),
        args: words.collect(),
        env: BTreeMap::from([(b"PATH".to_vec(), Value::known(DEFAULT_PATH))]),
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    }
}

/// The words the name was compared with in vain, each tried in its place.
fn misses(
    host: &Host,
    event: &Event<'_>,
    outcome: &Outcome,
    run: &dyn Fn(&[u8]) -> (Outcome, bool),
) -> Vec<Miss> {
    let plain =
        |literal: &[u8]| -> Vec<u8> { literal.iter().copied().filter(|b| *b != b'"').collect() };
    let about = |c: &&Comparison| c.input == Input::Stdin && !c.pattern && !c.literal.is_empty();
    let named = |c: &Comparison| c.matched == Some(true) && plain(&c.literal) == event.name;
    if outcome.comparisons.iter().filter(about).any(named) {
        return Vec::new();
    }
    let mut misses: Vec<Miss> = Vec::new();
    for comparison in outcome.comparisons.iter().filter(about) {
        let known = misses
            .iter()
            .any(|m| m.comparison.literal == comparison.literal);
        if comparison.matched != Some(false) || known {
            continue;
        }
        let (tried, _) = run(&plain(&comparison.literal));
        misses.push(Miss {
            comparison: comparison.clone(),
            word: event.name.to_vec(),
            would_act: matches!(does(host, &tried), Does::Something(_)),
        });
    }
    misses
}

/// A tree in which one path is a FIFO with one line in it.
struct Feed<'a> {
    world: TreeWorld<'a>,
    path: PathBuf,
    line: Vec<u8>,
    read: AtomicBool,
}

impl World for Feed<'_> {
    fn script(&self, path: &Path) -> Fact<Arc<File>> {
        self.world.script(path)
    }

    fn find(&self, name: &[u8], path: &[u8]) -> Fact<PathBuf> {
        self.world.find(name, path)
    }

    fn test(&self, what: FileTest, path: &Path) -> Fact<bool> {
        if path != self.path {
            return self.world.test(what, path);
        }
        Fact::Known(matches!(
            what,
            FileTest::Exists | FileTest::Fifo | FileTest::Readable | FileTest::Writable
        ))
    }

    fn content(&self, path: &Path) -> Fact<Arc<File>> {
        self.world.content(path)
    }

    fn real(&self, path: &Path) -> Fact<PathBuf> {
        self.world.real(path)
    }

    fn link(&self, path: &Path) -> Fact<PathBuf> {
        self.world.link(path)
    }

    fn entries(&self, path: &Path) -> Fact<Vec<Vec<u8>>> {
        self.world.entries(path)
    }

    fn hostname(&self) -> Fact<Vec<u8>> {
        self.world.hostname()
    }

    fn follows_run_parts(&self) -> bool {
        self.world.follows_run_parts()
    }

    fn lacks(&self, path: &Path) -> bool {
        self.world.lacks(path)
    }

    fn feed(&self, path: &Path) -> Option<Vec<u8>> {
        let here = path == self.path;
        self.read.fetch_or(here, Ordering::Relaxed);
        here.then(|| self.line.clone())
    }
}
