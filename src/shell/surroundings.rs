//! What a script finds around it: the files it reads, the names a pattern matches, the
//! directory whose programs it runs, the name of the host.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::evaluate::Evaluator;
use super::filters;
use super::pattern;
use super::state::{Flow, State};
use super::value::{Traced, Value};
use super::{FileTest, Input, Scope, follow};
use crate::fact::Fact;
use crate::text::Place;

/// Longest file that is taken for a table, in bytes.
const LONGEST: usize = 64 << 10;
/// Most paths one pattern is tried on.
const MOST_PATHS: usize = 1000;

/// Whether a file holds what the kernel says (proc(5), sysfs(5)): the state of the machine,
/// though the caller gave the name that it is asked about.
pub(super) fn of_kernel(path: &Traced) -> bool {
    let name = path.value.prefix();
    name.starts_with(b"/sys/") || name.starts_with(b"/proc/")
}

impl Evaluator<'_> {
    /// What is read from a file; `None` is nothing.
    pub(super) fn file_content(&self, path: &Traced, state: &State) -> Option<Traced> {
        if path.value.is(b"/dev/null") {
            return None;
        }
        let mut text = self.known_file(path, state).unwrap_or_else(Traced::unknown);
        if !of_kernel(path) {
            text.take_inputs(path);
        }
        Some(text)
    }

    fn known_file(&self, path: &Traced, state: &State) -> Option<Traced> {
        if state.scope != Scope::Here {
            return None;
        }
        let path = follow::absolute(path.bytes()?, &state.cwd)?;
        if let Some(line) = self.world.feed(&path) {
            return Some(Traced::input(Value::Known(line), Input::Stdin));
        }
        match self.world.content(&path) {
            Fact::Known(file) if file.bytes().len() <= LONGEST => Some(Traced::known(file.bytes())),
            _ => None,
        }
    }

    /// A filter with files among its words, as one that reads them from its input: the
    /// words that are left, and the input.
    pub(super) fn operands(
        &self,
        name: &[u8],
        args: &[Traced],
        state: &State,
    ) -> Option<(Vec<Traced>, Traced)> {
        let files = filters::files(name, args)?;
        // Several are told apart by grep, and joined by others.
        if files.is_empty() || files.len() > 1 && name != b"cat" {
            return None;
        }
        let mut input = Traced::known("");
        for at in &files {
            let path = args.get(*at)?;
            if path.value.is(b"-") {
                return None;
            }
            input.append(&self.known_file(path, state)?);
            input.take_inputs(path);
        }
        let left = args
            .iter()
            .enumerate()
            .filter(|(at, _)| !files.contains(at));
        Some((left.map(|(_, word)| word.clone()).collect(), input))
    }

    /// The paths a pattern matches, in byte order; `None` where the tree does not decide
    /// them.
    pub(super) fn glob(&mut self, text: &[u8], state: &State) -> Option<Vec<Vec<u8>>> {
        if state.scope != Scope::Here || !text.starts_with(b"/") {
            return None;
        }
        let mut found = vec![PathBuf::from("/")];
        for component in text.split(|b| *b == b'/').filter(|c| !c.is_empty()) {
            if !component.iter().any(|b| matches!(b, b'*' | b'?' | b'[')) {
                for path in &mut found {
                    path.push(OsStr::from_bytes(component));
                }
                continue;
            }
            let marked: Vec<(u8, bool)> = component.iter().map(|b| (*b, false)).collect();
            let elements = pattern::compile(&marked);
            let mut next = Vec::new();
            for dir in &found {
                let names = match self.world.entries(dir) {
                    Fact::Known(names) => names,
                    Fact::Absent(_) => continue,
                    _ => return None,
                };
                self.steps += names.len() / 64;
                let hidden = component.starts_with(b".");
                let fits = |name: &&Vec<u8>| {
                    (hidden || !name.starts_with(b".")) && pattern::matches(&elements, name)
                };
                next.extend(
                    names
                        .iter()
                        .filter(fits)
                        .map(|n| dir.join(OsStr::from_bytes(n))),
                );
            }
            if next.len() > MOST_PATHS {
                return None;
            }
            found = next;
        }
        let paths = found
            .iter()
            .map(|path| path.as_os_str().as_bytes().to_vec());
        Some(paths.collect())
    }

    /// `run-parts DIR`: every program in it, in the order of their names.
    ///
    /// Debian's skips names with other characters than letters, digits, `_` and `-`, and
    /// what cannot be executed (debianutils 5.7, run-parts(8)).
    pub(super) fn run_parts(
        &mut self,
        args: &[Traced],
        place: &Place,
        state: State,
    ) -> Result<Flow, Box<State>> {
        let mut words = Vec::new();
        let mut dir = None;
        let mut at = 0;
        while let Some(word) = args.get(at) {
            at += 1;
            let given = word.value.prefix();
            if let Some(rest) = given.strip_prefix(b"--arg=") {
                words.push(match &word.value {
                    Value::Known(_) => word.derived(Value::known(rest)),
                    Value::Unknown { .. } => word.derived(Value::unknown()),
                });
            } else if given == b"-a" {
                words.extend(args.get(at).cloned());
                at += 1;
            } else if matches!(given, b"--report" | b"--verbose" | b"-v" | b"--") {
            } else if given.starts_with(b"-") || dir.is_some() {
                return Err(Box::new(state));
            } else {
                dir = word.bytes().and_then(|b| follow::absolute(b, &state.cwd));
            }
        }
        let here = state.scope == Scope::Here;
        let names = dir
            .as_ref()
            .filter(|_| here)
            .map(|dir| self.world.entries(dir));
        let (Some(dir), Some(Fact::Known(names))) = (dir, names) else {
            return Err(Box::new(state));
        };
        let mut flow = Flow::done(state, 0);
        for name in names {
            let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            let path = dir.join(OsStr::from_bytes(&name));
            if !name.iter().all(plain) || !self.runs(&path) {
                continue;
            }
            let Some(state) = flow.next.take() else { break };
            let mut argv = vec![Traced::known(path.as_os_str().as_bytes())];
            argv.extend(words.iter().cloned());
            let after = self.external(&argv, place, state);
            flow.next = after.next;
            flow.take_jumps(after.jumps);
        }
        Ok(flow)
    }

    fn runs(&self, path: &Path) -> bool {
        let is = |what| {
            !matches!(
                self.world.test(what, path),
                Fact::Known(false) | Fact::Absent(_)
            )
        };
        is(FileTest::Regular) && is(FileTest::Executable)
    }

    /// The name of the host, whole or up to its first dot.
    pub(super) fn host_name(&self, short: bool, state: &State) -> Option<Vec<u8>> {
        if state.scope != Scope::Here {
            return None;
        }
        let Fact::Known(name) = self.world.hostname() else {
            return None;
        };
        let first = name.split(|b| *b == b'.').next().unwrap_or(&name);
        Some(if short { first.to_vec() } else { name.clone() })
    }
}
