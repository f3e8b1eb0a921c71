//! interfaces(5), as Debian's ifupdown reads it (0.8.36 to 0.8.44 `config.c`).
//!
//! A line that is not understood ends the reading of its file. In the file that ifup is
//! given that is the end of everything: not even `lo` comes up. In a file that another
//! one sources, what stands before the line stays, and what stands behind it is lost.
//!
//! | quirk | |
//! |---|---|
//! | `source` takes any name but hidden ones, `source-directory` only names of letters, digits, `_` and `-` | |
//! | a `#` is a comment only where a line begins, and not in a continued line | |
//! | an option that nothing knows is a variable for the scripts | |
//! | `lo` is raised without a word about it | |
//! | a file is read once, whoever sources it again | |

mod stanza;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use stanza::{Choice, Stanza};

use crate::fact::{Doubt, Listing, Unknown, Why};
use crate::text::{File, Place, Span, escape};

/// Most files that are read.
const MAX_FILES: usize = 1000;

/// What a file needs to know beside its bytes.
pub trait World {
    /// The paths that a pattern names, in the order of bytes.
    fn matching(&self, pattern: &[u8]) -> Listing<Arc<File>>;

    /// The files in a directory, in the order of bytes.
    fn directory(&self, pattern: &[u8]) -> Listing<Arc<File>>;
}

/// An interface that something raises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// `auto`, `hotplug`, or a class of the site's own.
    pub class: String,
    /// The interface, or a pattern for some.
    pub name: String,
    /// The word; none for `lo`, which nobody need name.
    pub place: Option<Place>,
}

/// A line that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub message: String,
    /// Whether it stands in the first file, so that nothing is raised at all.
    pub fatal: bool,
}

/// What the files say.
#[derive(Clone, Debug)]
pub struct Interfaces {
    /// The stanzas, in order.
    pub stanzas: Vec<Stanza>,
    /// What is raised.
    pub raised: Vec<Raised>,
    /// Patterns of `mapping`.
    pub mapped: Vec<String>,
    /// What is not understood.
    pub problems: Vec<Problem>,
    /// What could not be read or judged.
    pub open: Vec<Unknown>,
    /// What the tree does not hold.
    pub uncovered: Vec<Why>,
}

/// Reads `file` and what it sources.
#[must_use]
pub fn parse(file: &Arc<File>, world: &dyn World) -> Interfaces {
    let mut reader = Reader {
        world,
        seen: BTreeSet::new(),
        found: Interfaces {
            stanzas: Vec::new(),
            raised: vec![Raised {
                class: "auto".to_owned(),
                name: "lo".to_owned(),
                place: None,
            }],
            mapped: Vec::new(),
            problems: Vec::new(),
            open: Vec::new(),
            uncovered: Vec::new(),
        },
    };
    reader.file(file, true);
    reader.found
}

/// What the lines belong to.
enum At {
    Nothing,
    Stanza,
    Mapping { has_script: bool },
}

struct Reader<'a> {
    world: &'a dyn World,
    seen: BTreeSet<std::path::PathBuf>,
    found: Interfaces,
}

/// One logical line.
struct Logical {
    text: Vec<u8>,
    place: Place,
}

/// Lines put together: a comment only where one begins, a backslash goes on.
fn logical(file: &Arc<File>) -> Vec<Logical> {
    let mut out: Vec<Logical> = Vec::new();
    let mut more: Option<Logical> = None;
    for (span, line) in file.lines() {
        let mut current = match more.take() {
            Some(mut before) => {
                before.text.extend_from_slice(line);
                before.place.span = before.place.span.to(span);
                before
            }
            None => {
                let text = line.trim_ascii_start();
                if text.starts_with(b"#") {
                    continue;
                }
                let start = span.start + (line.len() - text.len());
                Logical {
                    text: text.to_vec(),
                    place: file.place(Span::new(start, start + text.trim_ascii_end().len())),
                }
            }
        };
        if current.text.last() == Some(&b'\\') {
            current.text.pop();
            more = Some(current);
        } else {
            out.push(current);
        }
    }
    out.extend(more);
    out
}

/// The first word and the rest, as `next_word` splits them; none where nothing is left.
fn next(text: &[u8]) -> Option<(String, &[u8])> {
    if text.is_empty() {
        return None;
    }
    let end = text.iter().position(|b| is_space(*b)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let start = rest
        .iter()
        .position(|b| !is_space(*b))
        .unwrap_or(rest.len());
    let word = String::from_utf8_lossy(word).into_owned();
    Some((word, rest.get(start..).unwrap_or(&[])))
}

const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

impl Reader<'_> {
    fn file(&mut self, file: &Arc<File>, top: bool) {
        if !self.seen.insert(file.path().to_path_buf()) {
            return;
        }
        let mut at = At::Nothing;
        for line in logical(file) {
            let text = line.text.trim_ascii_end();
            let Some((first, rest)) = next(text) else {
                continue;
            };
            if let Err(message) = self.line(file, &first, rest, &line.place, &mut at) {
                self.found.problems.push(Problem {
                    place: line.place.clone(),
                    message,
                    fatal: top,
                });
                return;
            }
        }
    }

    fn line(
        &mut self,
        file: &Arc<File>,
        first: &str,
        rest: &[u8],
        place: &Place,
        at: &mut At,
    ) -> Result<(), String> {
        match first {
            "mapping" => {
                self.found.mapped.extend(words(rest));
                *at = At::Mapping { has_script: false };
            }
            "source" => {
                *at = At::Nothing;
                self.source(file, rest, place, false);
            }
            _ if first.starts_with("source-dir") => {
                *at = At::Nothing;
                self.source(file, rest, place, true);
            }
            "iface" => {
                let stanza = stanza::head(rest, place, &self.found.stanzas)?;
                self.found.stanzas.push(stanza);
                *at = At::Stanza;
            }
            "auto" => {
                self.raise("auto", rest, place);
                *at = At::Nothing;
            }
            "rename" => {
                let doubt = Doubt::CannotModel("renamed interfaces are not followed".to_owned());
                self.found.open.push(Unknown::at(place.clone(), doubt));
                *at = At::Nothing;
            }
            "no-auto-down" | "no-scripts" => *at = At::Nothing,
            _ => match first
                .strip_prefix("allow-")
                .filter(|class| !class.is_empty())
            {
                Some(class) => {
                    self.raise(class, rest, place);
                    *at = At::Nothing;
                }
                None => self.option(first, rest, place, at)?,
            },
        }
        Ok(())
    }

    fn option(
        &mut self,
        name: &str,
        rest: &[u8],
        place: &Place,
        at: &mut At,
    ) -> Result<(), String> {
        let shown = escape(name.as_bytes());
        match at {
            At::Nothing => Err(format!("{shown} stands in no stanza")),
            At::Stanza => {
                if rest.is_empty() {
                    return Err(format!("{shown} has no value"));
                }
                if let Some(stanza) = self.found.stanzas.last_mut() {
                    stanza.set(name, &String::from_utf8_lossy(rest), place);
                }
                Ok(())
            }
            At::Mapping { has_script } => match name {
                "script" if *has_script => Err("a mapping has two scripts".to_owned()),
                "script" => {
                    *has_script = true;
                    Ok(())
                }
                "map" => Ok(()),
                _ => Err(format!("{shown} does not belong to a mapping")),
            },
        }
    }

    fn raise(&mut self, class: &str, rest: &[u8], place: &Place) {
        for name in words(rest) {
            let there = self.found.raised.iter_mut();
            let mut there = there.filter(|r| r.class == class && r.name == name);
            match there.next() {
                Some(raised) => raised.place = raised.place.take().or_else(|| Some(place.clone())),
                None => self.found.raised.push(Raised {
                    class: class.to_owned(),
                    name,
                    place: Some(place.clone()),
                }),
            }
        }
    }

    fn source(&mut self, file: &Arc<File>, rest: &[u8], place: &Place, directory: bool) {
        // wordexp(3) would put in variables, and take out quotes.
        let odd = |b: &u8| matches!(b, b'$' | b'`' | b'~' | b'"' | b'\'' | b'\\' | b'{');
        if rest.iter().any(odd) {
            let doubt = Doubt::CannotModel("a file name that a shell would change".to_owned());
            self.found.open.push(Unknown::at(place.clone(), doubt));
            return;
        }
        let dir = file
            .path()
            .parent()
            .map(|dir| dir.to_string_lossy().into_owned());
        for (index, word) in words(rest).into_iter().enumerate() {
            let pattern = match &dir {
                Some(dir) if index == 0 && !word.starts_with('/') => format!("{dir}/{word}"),
                _ => word,
            };
            let found = if directory {
                self.world.directory(pattern.as_bytes())
            } else {
                self.world.matching(pattern.as_bytes())
            };
            self.found.open.extend(found.gaps);
            self.found.uncovered.extend(found.uncovered);
            for other in found.items {
                if self.seen.len() >= MAX_FILES {
                    let doubt = Doubt::Limit(format!("more than {MAX_FILES} files"));
                    self.found.open.push(Unknown::at(place.clone(), doubt));
                    return;
                }
                if !directory || is_plain(&other) {
                    self.file(&other, false);
                }
            }
        }
    }
}

/// Whether `source-directory` takes a name.
fn is_plain(file: &File) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let name = file
        .path()
        .file_name()
        .map_or(&[][..], |name| name.as_bytes());
    name.iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

fn words(text: &[u8]) -> Vec<String> {
    let words = text.split(|b| is_space(*b)).filter(|word| !word.is_empty());
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

impl Interfaces {
    /// Whether ifup raises nothing at all.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.problems.iter().any(|problem| problem.fatal)
    }

    /// The stanzas of an interface.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Stanza> {
        self.stanzas
            .iter()
            .filter(move |stanza| stanza.name == name)
    }

    /// Whether an interface is raised at boot or when it comes up, by name or pattern.
    #[must_use]
    pub fn raises(&self, name: &str) -> bool {
        let by = |raised: &Raised| {
            let class = matches!(raised.class.as_str(), "auto" | "hotplug");
            class && (raised.name == name || raised.name.starts_with('/'))
        };
        self.raised.iter().any(by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl World for Nothing {
        fn matching(&self, _: &[u8]) -> Listing<Arc<File>> {
            Listing::new()
        }

        fn directory(&self, _: &[u8]) -> Listing<Arc<File>> {
            Listing::new()
        }
    }

    fn read(text: &str) -> Interfaces {
        parse(&File::new("/etc/network/interfaces", text), &Nothing)
    }

    #[test]
    fn one_bad_line_of_the_first_file_refuses_everything() {
        let found = read("auto eth0\niface eth0 inet dchp\niface eth1 inet dhcp\n");
        assert!(found.is_refused());
        assert_eq!(found.problems[0].place.start().line, 2);
        assert!(found.stanzas.is_empty());
    }

    #[test]
    fn options_belong_to_the_stanza_before_them() {
        let found = read("iface eth0 inet static\n address 192.0.2.1/24\n  up echo \\\n two\n");
        let stanza = &found.stanzas[0];
        assert_eq!(stanza.address(), Some(("192.0.2.1".parse().unwrap(), 24)));
        let lines: Vec<&str> = stanza.commands("up").map(|(text, _)| text).collect();
        assert_eq!(lines, ["echo  two"]);
        assert!(!found.raises("eth0") && found.raises("lo"));
    }

    #[test]
    fn no_bytes_make_it_fail() {
        for text in [
            "\\",
            "iface",
            "iface a b c d e",
            "source",
            "mapping\nmap",
            "auto\\\n",
            "\u{0}",
        ] {
            assert!(read(text).stanzas.is_empty(), "{text:?}");
        }
    }
}
