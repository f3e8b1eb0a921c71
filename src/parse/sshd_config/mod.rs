//! `sshd_config`, as sshd reads it when it starts (OpenSSH portable 6.6 to 10.3,
//! `servconf.c`), with Debian's and others' patches.
//!
//! The first value of a setting counts, lists grow, and what stands below `Match` is
//! checked although it counts for some connections only. One line that is refused makes
//! sshd end before it listens.
//!
//! | quirk | since |
//! |---|---|
//! | a `#` begins a comment, also inside a word | up to 8.6 |
//! | `AllowUsers` without a name is refused | 9.7 |
//! | a second `Subsystem` of one name is refused | up to 9.4 |
//! | what an included file says below `Match` ends with the file | 8.2 |
//! | `Include` that names nothing is fine; what it names is taken in the order of bytes | 8.2 |
//! | one `=` may stand between keyword and value | always |

mod address;
mod config;
mod keyword;
mod matching;
mod names;
mod value;
mod words;

use std::sync::Arc;

pub use config::{Listens, Values};
use keyword::{Kind, Looked};
pub use matching::{Block, Criterion, Holds, User};
use value::Fault;

use crate::fact::{Doubt, Listing, Unknown};
use crate::text::{File, Place, Span, escape};

/// Deepest nesting of includes (`SERVCONF_MAX_DEPTH`).
const MAX_DEPTH: usize = 16;
/// Most files that are read.
const MAX_FILES: usize = 1000;

/// Which sshd reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// Its version, where that is known.
    pub version: Option<(u32, u32)>,
    /// Who built it.
    pub vendor: Vendor,
}

/// Whose patches a build has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// Debian and what is made from it.
    Debian,
    /// Anybody else.
    Other,
}

/// What a configuration needs to know beside its bytes.
pub trait World {
    /// The files that a pattern names, in the order of bytes; it begins with `/`.
    fn include(&self, pattern: &[u8]) -> Listing<Arc<File>>;

    /// The TCP port of a service's name (services(5)).
    fn service(&self, name: &[u8]) -> Option<u16>;
}

/// One line that sshd takes.
#[derive(Clone, Debug)]
pub struct Directive {
    /// The keyword, in lower case; an alias by its proper name.
    pub keyword: &'static str,
    /// What stands behind it.
    pub args: Vec<Vec<u8>>,
    /// The line.
    pub place: Place,
    /// The `Match` lines that must all hold, by their place in [`Config::blocks`].
    pub within: Vec<usize>,
}

/// A line that sshd refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub message: String,
}

/// What a configuration says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The lines that count, in order.
    pub directives: Vec<Directive>,
    /// The `Match` lines.
    pub blocks: Vec<Block>,
    /// What makes sshd end; the first is what it reports.
    pub problems: Vec<Problem>,
    /// What could not be read or judged.
    pub open: Vec<Unknown>,
    /// What the tree does not hold.
    pub uncovered: Vec<crate::fact::Why>,
}

/// Reads a configuration.
#[must_use]
pub fn parse(file: &Arc<File>, build: Build, world: &dyn World) -> Config {
    let mut reader = Reader {
        build,
        world,
        files: 0,
        subsystems: Vec::new(),
        config: Config {
            directives: Vec::new(),
            blocks: Vec::new(),
            problems: Vec::new(),
            open: Vec::new(),
            uncovered: Vec::new(),
        },
    };
    reader.file(file, &[], 0);
    reader.options();
    reader.config
}

struct Reader<'a> {
    build: Build,
    world: &'a dyn World,
    files: usize,
    subsystems: Vec<Vec<u8>>,
    config: Config,
}

impl Reader<'_> {
    fn newer(&self, since: (u32, u32)) -> bool {
        self.build.version.is_none_or(|version| version >= since)
    }

    fn file(&mut self, file: &Arc<File>, outer: &[usize], depth: usize) {
        self.files += 1;
        let mut within = outer.to_vec();
        for (span, line) in file.lines() {
            // `load_server_config` and the beginning of `process_server_config_line`.
            let lead = line
                .iter()
                .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
                .count();
            let text = line.get(lead..).unwrap_or(&[]);
            let text = text.split(|b| *b == 0).next().unwrap_or(text);
            let text = if self.newer((8, 7)) {
                text
            } else {
                before_comment(text)
            };
            let tail = text
                .iter()
                .rev()
                .take_while(|b| b" \t\r\n\x0c".contains(b))
                .count();
            let text = text.get(..text.len() - tail).unwrap_or(&[]);
            let start = span.start + lead;
            let place = file.place(Span::new(start, start + text.len()));
            self.line(text, &place, outer, &mut within, depth);
        }
    }

    fn refuse(&mut self, place: &Place, message: impl Into<String>) {
        self.config.problems.push(Problem {
            place: place.clone(),
            message: message.into(),
        });
    }

    fn doubt(&mut self, place: &Place, why: impl Into<String>) {
        let doubt = Doubt::CannotModel(why.into());
        self.config.open.push(Unknown::at(place.clone(), doubt));
    }

    fn line(
        &mut self,
        text: &[u8],
        place: &Place,
        outer: &[usize],
        within: &mut Vec<usize>,
        depth: usize,
    ) {
        // A keyword whose quote is not closed is no line at all.
        let Some((mut word, mut rest)) = words::strdelim(text) else {
            return;
        };
        if word.is_empty() {
            match rest.and_then(words::strdelim) {
                Some((next, behind)) => (word, rest) = (next, behind),
                None => return,
            }
        }
        if word.is_empty() || word.starts_with(b"#") {
            return;
        }
        let modern = self.newer((8, 7));
        let shown = escape(&word);
        let behind = rest.unwrap_or(&[]);
        if modern && behind.is_empty() {
            return self.refuse(place, format!("nothing stands behind {shown}"));
        }
        let keyword = match keyword::look(&word, self.build) {
            Looked::Known(keyword) => keyword,
            Looked::Patched => return,
            Looked::Bad => {
                return self.refuse(place, format!("this sshd has no keyword {shown}"));
            }
            Looked::Open => {
                return self.doubt(place, format!("whether this sshd has {shown} is not known"));
            }
        };
        // It never split at the sign.
        let args = if modern || keyword.kind == Kind::SetEnv {
            match words::argv_split(behind) {
                Some(args) => args,
                None => return self.refuse(place, "a quote is not closed"),
            }
        } else {
            words::old_words(rest)
        };
        if !keyword.in_match && !self.active(within) {
            let message = format!("{shown} is not allowed below Match");
            return self.refuse(place, message);
        }
        match keyword.kind {
            Kind::Gone => return,
            Kind::Match => {
                let block = matching::read(behind, &args, self.build, self.world);
                match block {
                    Ok(criteria) => {
                        self.config.blocks.push(Block {
                            criteria,
                            place: place.clone(),
                        });
                        *within = outer.to_vec();
                        within.push(self.config.blocks.len() - 1);
                    }
                    Err(message) => self.refuse(place, message),
                }
                return;
            }
            _ => {}
        }
        match value::check(keyword, &args, self.build, self.world) {
            Ok(taken) if taken < args.len() => {
                let extra = args.get(taken).map_or(String::new(), |arg| escape(arg));
                return self.refuse(place, format!("{extra} stands behind the value of {shown}"));
            }
            Ok(_) => {}
            Err(Fault::Bad(why)) => return self.refuse(place, format!("{shown}: {why}")),
            Err(Fault::Open(why)) => return self.doubt(place, why),
        }
        match keyword.kind {
            Kind::Include => self.include(&args, place, within, depth),
            Kind::Rest | Kind::Command => {
                self.push(keyword.canonical, vec![behind.to_vec()], place, within);
            }
            Kind::Subsystem => {
                let Some(name) = args.first().cloned() else {
                    return;
                };
                if self.subsystems.contains(&name) && !self.newer((9, 5)) {
                    let message = format!("the subsystem {} is there already", escape(&name));
                    return self.refuse(place, message);
                }
                self.subsystems.push(name);
                self.push(keyword.canonical, args, place, within);
            }
            // Nothing is set by an empty list.
            Kind::Files if args.is_empty() => {}
            // Up to 8.6 the other name counts, and this one only where it says yes.
            _ if keyword.name == "kbdinteractiveauthentication" && !modern => {
                if args
                    .first()
                    .is_some_and(|arg| arg.eq_ignore_ascii_case(b"yes"))
                {
                    self.push(keyword.canonical, args, place, within);
                }
            }
            _ => self.push(keyword.canonical, args, place, within),
        }
    }

    fn push(&mut self, keyword: &'static str, args: Vec<Vec<u8>>, place: &Place, within: &[usize]) {
        self.config.directives.push(Directive {
            keyword,
            args,
            place: place.clone(),
            within: within.to_vec(),
        });
    }

    /// Whether sshd takes lines as its own while it starts: below `Match all` it does.
    fn active(&self, within: &[usize]) -> bool {
        let blocks = within.iter().filter_map(|at| self.config.blocks.get(*at));
        blocks.into_iter().all(Block::is_all)
    }

    fn include(&mut self, args: &[Vec<u8>], place: &Place, within: &[usize], depth: usize) {
        for arg in args {
            let mut pattern = arg.clone();
            if !arg.starts_with(b"/") {
                // A tilde is not looked up: nothing is called so.
                if arg.starts_with(b"~") {
                    continue;
                }
                pattern = [b"/etc/ssh/", arg.as_slice()].concat();
            }
            let found = self.world.include(&pattern);
            self.config.open.extend(found.gaps);
            self.config.uncovered.extend(found.uncovered);
            for file in found.items {
                if depth >= MAX_DEPTH {
                    return self.refuse(place, "files include each other too deeply");
                }
                if self.files >= MAX_FILES {
                    let doubt = Doubt::Limit(format!("more than {MAX_FILES} files"));
                    self.config.open.push(Unknown::at(place.clone(), doubt));
                    return;
                }
                self.file(&file, within, depth + 1);
            }
        }
    }

    /// What is checked when everything is read (`main` of `sshd.c`).
    fn options(&mut self) {
        for (command, user) in [
            ("authorizedkeyscommand", "authorizedkeyscommanduser"),
            (
                "authorizedprincipalscommand",
                "authorizedprincipalscommanduser",
            ),
        ] {
            let Some(directive) = self.config.at_start(command) else {
                continue;
            };
            let none = directive
                .args
                .first()
                .is_some_and(|arg| arg.eq_ignore_ascii_case(b"none"));
            if !none && self.config.at_start(user).is_none() {
                let place = directive.place.clone();
                self.refuse(&place, "a command is set, and no user that runs it");
            }
        }
        if let Some(place) = self.config.methods_cannot_be_met() {
            self.refuse(&place, "none of these ways to log in is enabled");
        }
    }
}

/// What stands before a comment, wherever that begins (`load_server_config` up to 8.6).
fn before_comment(text: &[u8]) -> &[u8] {
    text.split(|b| *b == b'#').next().unwrap_or(text)
}

#[cfg(test)]
mod tests;
