//! dpkg's database: the status file, and the small files beside it
//! (deb822, dpkg 1.21 `lib/dpkg/parse.c` and `lib/dpkg/fields.c`).

mod files;
mod problem;
mod relation;
mod state;
mod text;

use std::sync::Arc;

use memchr::memchr;
use memchr::memmem::Finder;

pub use files::{
    Diversion, Override, Owned, conffiles, diversions, md5sums, parse_list, statoverrides,
};
pub use problem::{Problem, problems};
pub use relation::{Alternative, Operator, alternatives};
pub use state::{State, Want};
pub use text::Text;

use crate::text::{File, Place, Span};

/// One paragraph of the status file. What is seldom asked for is looked up in its lines
/// when it is.
#[derive(Clone, Debug)]
pub struct Package {
    /// `Package:`.
    pub name: Text,
    /// First word of `Status:`: what the administrator wants.
    pub want: Want,
    /// Second word: whether it must be installed again.
    pub must_be_reinstalled: bool,
    /// Third word: how far it came.
    pub state: State,
    /// The `Status:` line, or the `Package:` line where that is missing.
    pub place: Place,
    /// All lines of the paragraph.
    pub paragraph: Span,
}

/// A field whose value is looked at only where a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `Depends:`.
    Depends,
    /// `Pre-Depends:`.
    PreDepends,
    /// `Provides:`.
    Provides,
    /// `Replaces:`.
    Replaces,
    /// `Conffiles:`.
    Conffiles,
    /// `Version:`.
    Version,
    /// `Architecture:`.
    Architecture,
    /// `Multi-Arch:`.
    MultiArch,
    /// `Triggers-Pending:`.
    TriggersPending,
    /// `Triggers-Awaited:`.
    TriggersAwaited,
    /// `Config-Version:`, the version that was last configured.
    ConfigVersion,
    /// `Essential:`.
    Essential,
}

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Depends => b"Depends",
            Self::PreDepends => b"Pre-Depends",
            Self::Provides => b"Provides",
            Self::Replaces => b"Replaces",
            Self::Conffiles => b"Conffiles",
            Self::Version => b"Version",
            Self::Architecture => b"Architecture",
            Self::MultiArch => b"Multi-Arch",
            Self::TriggersPending => b"Triggers-Pending",
            Self::TriggersAwaited => b"Triggers-Awaited",
            Self::ConfigVersion => b"Config-Version",
            Self::Essential => b"Essential",
        }
    }
}

impl Package {
    /// Whether its files are on disk and its scripts have run.
    #[must_use]
    pub const fn is_installed(&self) -> bool {
        self.state.is_installed()
    }

    /// Whether dpkg calls it neither whole nor gone.
    #[must_use]
    pub const fn is_in_between(&self) -> bool {
        self.must_be_reinstalled
            || matches!(
                self.state,
                State::HalfInstalled | State::Unpacked | State::HalfConfigured
            )
    }

    /// The value of a field, blanks around it cut; empty where it has none.
    #[must_use]
    pub fn field(&self, field: Field) -> &[u8] {
        let text = self.place.file.slice(self.paragraph);
        let name = field.name();
        let mut value: Option<(usize, usize)> = None;
        let mut start = 0;
        while start < text.len() {
            let rest = text.get(start..).unwrap_or(&[]);
            let end = start + memchr(b'\n', rest).unwrap_or(rest.len());
            let goes_on = matches!(rest.first(), Some(b' ' | b'\t'));
            match &mut value {
                Some((_, last)) if goes_on => *last = end,
                Some(_) => break,
                None if !goes_on && is_field(rest, name) => {
                    value = Some((start + name.len() + 1, end));
                }
                None => {}
            }
            start = end + 1;
        }
        let value = value.and_then(|(start, end)| text.get(start..end));
        value.unwrap_or(&[]).trim_ascii()
    }

    /// `Version:`, empty where there is none.
    #[must_use]
    pub fn version(&self) -> &str {
        std::str::from_utf8(self.field(Field::Version)).unwrap_or("")
    }

    /// `Architecture:`, empty where there is none.
    #[must_use]
    pub fn architecture(&self) -> &str {
        std::str::from_utf8(self.field(Field::Architecture)).unwrap_or("")
    }

    /// A field's value as words, with what is not text replaced.
    pub fn words(&self, field: Field) -> impl Iterator<Item = String> + '_ {
        let words = self.field(field).split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty());
        words.map(|word| String::from_utf8_lossy(word).into_owned())
    }

    /// Whether it is `Multi-Arch: same`, so that one of each architecture may be there.
    #[must_use]
    pub fn is_same_arch(&self) -> bool {
        self.field(Field::MultiArch) == b"same"
    }
}

/// Which file a paragraph comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `status`, or a file of `updates/`.
    Status,
    /// A file of `status.d/`, as images without dpkg have them: what is listed there is
    /// installed, and has no `Status:`.
    StatusD,
    /// `control` of a package archive.
    Control,
}

/// The packages of a status file, in file order. A damaged paragraph is left out and the
/// rest is kept; dpkg itself would refuse the whole file, and [`problems`] says why.
#[must_use]
pub fn parse_status(file: &Arc<File>) -> Vec<Package> {
    parse(file, Kind::Status)
}

/// The packages of any such file.
#[must_use]
pub fn parse(file: &Arc<File>, kind: Kind) -> Vec<Package> {
    let bytes = file.bytes();
    // A paragraph has about a thousand bytes.
    let mut packages = Vec::with_capacity(bytes.len() / 800);
    let finder = Finder::new(b"\n\n");
    let mut start = 0;
    while start < bytes.len() {
        if bytes.get(start) == Some(&b'\n') {
            start += 1;
            continue;
        }
        // What the head looked at is not searched again.
        let (head, seen) = usual(bytes, start).unwrap_or_else(|| head(bytes, start));
        let rest = bytes.get(seen..).unwrap_or(&[]);
        let last = rest.strip_suffix(b"\n").unwrap_or(rest).len();
        let end = seen + finder.find(rest).unwrap_or(last);
        if let Some(package) = package(file, kind, head, Span::new(start, end)) {
            packages.push(package);
        }
        start = end + 1;
    }
    packages
}

/// Everything between two empty lines.
fn paragraphs(bytes: &[u8]) -> impl Iterator<Item = Span> {
    let finder = Finder::new(b"\n\n");
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(start..).unwrap_or(&[]);
        let skip = rest.iter().take_while(|byte| **byte == b'\n').count();
        let rest = rest.get(skip..).unwrap_or(&[]);
        if rest.is_empty() {
            return None;
        }
        let begin = start + skip;
        let last = rest.strip_suffix(b"\n").unwrap_or(rest).len();
        let end = begin + finder.find(rest).unwrap_or(last);
        start = end;
        Some(Span::new(begin, end))
    })
}

/// How a paragraph of the status file begins.
const PACKAGE: &[u8] = b"Package: ";
/// The line after it of what is installed, between the ends of lines.
const INSTALLED: &[u8] = b"\nStatus: install ok installed\n";

/// Whether a line is this field's.
fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.get(name.len()) == Some(&b':')
        && line
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// The values that every paragraph is asked for.
#[derive(Clone, Copy)]
struct Head {
    name: Option<Span>,
    status: Option<Span>,
    /// The whole line of `Status:`.
    at: Span,
}

/// What dpkg writes of nearly every package, which is told without looking at each line
/// for each field.
fn usual(bytes: &[u8], start: usize) -> Option<(Head, usize)> {
    let begin = start + PACKAGE.len();
    let value = bytes.get(start..)?.strip_prefix(PACKAGE)?;
    let end = begin + memchr(b'\n', value)?;
    if !bytes.get(end..)?.starts_with(INSTALLED) {
        return None;
    }
    let at = Span::new(end + 1, end + INSTALLED.len() - 1);
    let head = Head {
        name: Some(Span::new(begin, end)),
        status: Some(Span::new(at.start + "Status:".len(), at.end)),
        at,
    };
    Some((head, at.end))
}

/// Reads no further than it must: these stand before what is long. With the head comes
/// the end of the last line that was looked at.
fn head(bytes: &[u8], start: usize) -> (Head, usize) {
    let mut head = Head {
        name: None,
        status: None,
        at: Span::new(start, start),
    };
    let mut start = start;
    let mut left = 2;
    loop {
        let rest = bytes.get(start..).unwrap_or(&[]);
        let end = start + memchr(b'\n', rest).unwrap_or(rest.len());
        let found = match rest.first() {
            Some(b'P' | b'p') if is_field(rest, b"Package") => Some((&mut head.name, 8)),
            Some(b'S' | b's') if is_field(rest, b"Status") => {
                if head.status.is_none() {
                    head.at = Span::new(start, end);
                }
                Some((&mut head.status, 7))
            }
            _ => None,
        };
        // dpkg refuses a field that stands twice; the first is as good as any.
        if let Some((slot, skip)) = found
            && slot.is_none()
        {
            *slot = Some(Span::new(start + skip, end));
            left -= 1;
        }
        // An empty line ends the paragraph.
        let is_last = matches!(bytes.get(end + 1), None | Some(b'\n'));
        if left == 0 || is_last {
            return (head, end);
        }
        start = end + 1;
    }
}

fn package(file: &Arc<File>, kind: Kind, head: Head, paragraph: Span) -> Option<Package> {
    let name = Text::new(file, head.name?)?;
    if name.bytes().is_empty() {
        return None;
    }
    let (want, must_be_reinstalled, state) = match head.status {
        Some(value) => {
            let words = status(file.slice(value));
            words.unwrap_or((Want::Install, false, State::NotInstalled))
        }
        None if kind == Kind::Status => (Want::Install, false, State::NotInstalled),
        None => (Want::Install, false, State::Installed),
    };
    let first = |span: Span| {
        let line = file.slice(paragraph);
        let end = memchr(b'\n', line).unwrap_or(line.len());
        Span::new(span.start, paragraph.start + end)
    };
    let at = match head.status {
        Some(_) => head.at,
        None => first(paragraph),
    };
    Some(Package {
        name,
        want,
        must_be_reinstalled,
        state,
        place: file.place(at),
        paragraph,
    })
}

/// The three words of `Status:`; none where dpkg does not know them.
fn status(value: &[u8]) -> Option<(Want, bool, State)> {
    // What nearly every package has.
    if value == b" install ok installed" {
        return Some((Want::Install, false, State::Installed));
    }
    let words = value.split(u8::is_ascii_whitespace);
    let mut words = words.filter(|word| !word.is_empty());
    let mut word = || words.next().unwrap_or(&[]);
    let (first, second, third) = (word(), word(), word());
    let reinstall = match second {
        b"ok" => false,
        b"reinstreq" => true,
        _ => return None,
    };
    Some((Want::from_word(first)?, reinstall, State::from_word(third)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: a\nStatus: install ok installed\nVersion: 1:2-3\n\
        Architecture: amd64\nDepends: x (= 1),\n y\nDescription: text\n more: text\n .\n\n\n\
        package: b\nstatus: install reinstreq half-configured\nTriggers-Pending: ldconfig x\n\n\
        Status: install ok installed\n\nnonsense\nPackage: c\n\n\
        Package: d\nStatus: install ok wrong\n";

    #[test]
    fn fields_are_case_insensitive_and_continuation_lines_are_not_fields() {
        let file = File::new("/var/lib/dpkg/status", STATUS);
        let packages = parse_status(&file);
        let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        let problems = problems(&file, Kind::Status);
        assert_eq!(packages[0].version(), "1:2-3");
        assert_eq!(packages[0].field(Field::Depends), b"x (= 1),\n y");
        assert!(packages[0].is_installed() && !packages[0].is_in_between());
        assert_eq!(packages[1].state, State::HalfConfigured);
        let pending: Vec<String> = packages[1].words(Field::TriggersPending).collect();
        assert_eq!(pending, ["ldconfig", "x"]);
        assert!(packages[1].is_in_between());
        assert_eq!(packages[1].place.to_string(), "/var/lib/dpkg/status:13:1");
        let messages: Vec<&str> = problems.iter().map(|p| p.message).collect();
        assert_eq!(
            messages,
            [
                "a paragraph without Package:",
                "no colon: dpkg refuses the whole file here",
                "a package without Status:",
                "a Status: that dpkg does not know"
            ]
        );
    }

    #[test]
    fn what_stands_behind_the_head_of_a_paragraph_is_found_when_it_is_asked_for() {
        let text = "\n\nPackage: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\
            Description: Provides: no\n Provides: no\nPROVIDES: b (= 2),\n\tc\nEssential: yes";
        let file = File::new("/s", text);
        let packages = parse_status(&file);
        assert_eq!(packages[0].field(Field::Provides), b"b (= 2),\n\tc");
        assert_eq!(packages[0].field(Field::Essential), b"yes");
        assert_eq!(packages[0].field(Field::Depends), b"");
        let odd = File::new("/s", "Package: a\nPackage: b\n \nVersion: 1\nPackage\n");
        let messages = problems(&odd, Kind::StatusD);
        let messages: Vec<&str> = messages.iter().map(|p| p.message).collect();
        assert_eq!(
            messages,
            [
                "a second Package: in one paragraph",
                "blanks in a line by themselves: dpkg refuses the whole file here",
                "no colon: dpkg refuses the whole file here"
            ]
        );
        assert_eq!(parse(&odd, Kind::StatusD)[0].name, "a");
    }

    #[test]
    fn a_long_name_is_as_good_as_a_short_one() {
        let long = "x".repeat(99);
        for name in ["", "a", &long[..30], &long[..31], &long] {
            let file = File::new("/s", format!("Version:\t {name} \nPackage:\t {name} \n"));
            let packages = parse(&file, Kind::StatusD);
            let shown = packages.iter().map(|p| (p.name.as_str(), p.version()));
            let expected = (!name.is_empty()).then_some((name, name));
            assert_eq!(shown.collect::<Vec<_>>(), Vec::from_iter(expected));
        }
        let file = File::new("/s", &b"Package: a\nVersion: \xff\n"[..]);
        assert_eq!(parse(&file, Kind::StatusD)[0].version(), "");
        let file = File::new("/s", &b"Package: \xff\nVersion: 1\n"[..]);
        assert!(parse(&file, Kind::StatusD).is_empty());
    }

    #[test]
    fn what_an_image_without_dpkg_lists_is_installed() {
        let file = File::new("/var/lib/dpkg/status.d/base", "Package: base\nVersion: 1\n");
        let packages = parse(&file, Kind::StatusD);
        assert!(packages[0].is_installed() && problems(&file, Kind::StatusD).is_empty());
    }

    #[test]
    fn a_file_cut_anywhere_is_still_read() {
        for end in 0..STATUS.len() {
            let file = File::new("/s", &STATUS.as_bytes()[..end]);
            assert!(parse_status(&file).len() <= 4);
            assert!(problems(&file, Kind::Status).len() <= 6);
        }
    }
}
