//! dpkg's database: the status file, and the small files beside it
//! (deb822, dpkg 1.21 `lib/dpkg/parse.c` and `lib/dpkg/fields.c`).

mod files;
mod relation;
mod state;

use std::sync::Arc;

use memchr::{memchr, memchr_iter};

pub use files::{Diversion, Owned, conffiles, diversions, md5sums, parse_list, statoverrides};
pub use relation::{Alternative, Operator, alternatives};
pub use state::{State, Want};

use crate::text::{File, Place, Span};

/// One paragraph of the status file.
#[derive(Clone, Debug)]
pub struct Package {
    /// `Package:`.
    pub name: String,
    /// `Version:`, empty where there is none.
    pub version: String,
    /// `Architecture:`, empty where there is none.
    pub architecture: String,
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
    fields: [Part; KEPT.len()],
}

/// Where a field's value stands: small, as there are many and most are empty.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: u32,
    end: u32,
}

impl Part {
    const NONE: Self = Self { start: 0, end: 0 };

    /// A place beyond 4 GiB is none: no file as long is read.
    fn new(span: Span) -> Self {
        match (u32::try_from(span.start), u32::try_from(span.end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            _ => Self::NONE,
        }
    }

    fn span(self) -> Span {
        let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        Span::new(at(self.start), at(self.end))
    }
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
    /// `Conffiles:`.
    Conffiles,
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

/// The names of [`Field`], in its order.
const KEPT: [&[u8]; 9] = [
    b"Depends",
    b"Pre-Depends",
    b"Provides",
    b"Conffiles",
    b"Multi-Arch",
    b"Triggers-Pending",
    b"Triggers-Awaited",
    b"Config-Version",
    b"Essential",
];

impl Field {
    const fn index(self) -> usize {
        match self {
            Self::Depends => 0,
            Self::PreDepends => 1,
            Self::Provides => 2,
            Self::Conffiles => 3,
            Self::MultiArch => 4,
            Self::TriggersPending => 5,
            Self::TriggersAwaited => 6,
            Self::ConfigVersion => 7,
            Self::Essential => 8,
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
        let span = self.fields.get(field.index()).copied();
        span.map_or(&[][..], |part| {
            self.place.file.slice(part.span()).trim_ascii()
        })
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

/// What could not be understood of a status file.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub message: &'static str,
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

/// The packages of a status file, in file order. A damaged paragraph is a problem
/// and the rest is kept; dpkg itself would refuse the whole file.
#[must_use]
pub fn parse_status(file: &Arc<File>) -> (Vec<Package>, Vec<Problem>) {
    parse(file, Kind::Status)
}

/// The packages of any such file.
#[must_use]
pub fn parse(file: &Arc<File>, kind: Kind) -> (Vec<Package>, Vec<Problem>) {
    // A paragraph has about a thousand bytes.
    let mut packages = Vec::with_capacity(file.bytes().len() / 800);
    let mut problems = Vec::new();
    let mut draft = Draft::new();
    let bytes = file.bytes();
    let mut start = 0;
    let ends = memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    for end in ends {
        let span = Span::new(start, end);
        let line = bytes.get(start..end).unwrap_or(&[]);
        start = end + 1;
        match line.first() {
            Some(b' ' | b'\t') if is_text(line) => {
                draft.first.get_or_insert(span);
                draft.go_on(span);
                continue;
            }
            None | Some(b' ' | b'\t' | b'\r') => {
                if draft.first.is_some() {
                    draft.finish(kind, file, &mut packages, &mut problems);
                    draft = Draft::new();
                }
                continue;
            }
            Some(_) => {}
        }
        draft.first.get_or_insert(span);
        // The longest name that counts has 16 bytes; most lines end before a search would
        // have begun.
        let near = line.iter().take(40).position(|byte| *byte == b':');
        match near.or_else(|| memchr(b':', line)) {
            Some(colon) => draft.take(line, colon, span),
            None => problems.push(Problem {
                place: file.place(span),
                message: "no colon: dpkg refuses the whole file here",
            }),
        }
    }
    draft.finish(kind, file, &mut packages, &mut problems);
    (packages, problems)
}

/// Whether a line that begins with a blank goes on with something else.
fn is_text(line: &[u8]) -> bool {
    line.iter().any(|byte| !byte.is_ascii_whitespace())
}

/// A paragraph being read.
struct Draft {
    first: Option<Span>,
    last: usize,
    name: Option<Span>,
    version: Span,
    architecture: Span,
    status: Option<(Span, Span)>,
    fields: [Part; KEPT.len()],
    /// The kept field that a line with a blank in front goes on.
    current: Option<usize>,
}

const NOTHING: Span = Span { start: 0, end: 0 };

impl Draft {
    const fn new() -> Self {
        Self {
            first: None,
            last: 0,
            name: None,
            version: NOTHING,
            architecture: NOTHING,
            status: None,
            fields: [Part::NONE; KEPT.len()],
            current: None,
        }
    }

    fn take(&mut self, line: &[u8], colon: usize, span: Span) {
        self.current = None;
        self.last = span.end;
        let name = line.get(..colon).unwrap_or(&[]);
        let value = Span::new(span.start + colon + 1, span.end);
        // By length first: most lines are of no interest.
        match name.len() {
            6 if name.eq_ignore_ascii_case(b"status") => self.status = Some((value, span)),
            7 if name.eq_ignore_ascii_case(b"package") => self.name = Some(value),
            7 if name.eq_ignore_ascii_case(b"version") => self.version = value,
            12 if name.eq_ignore_ascii_case(b"architecture") => self.architecture = value,
            7..=16 => {
                let kept = KEPT
                    .iter()
                    .position(|kept| kept.len() == name.len() && name.eq_ignore_ascii_case(kept));
                self.current = kept;
                if let Some(slot) = kept.and_then(|index| self.fields.get_mut(index)) {
                    *slot = Part::new(value);
                }
            }
            _ => {}
        }
    }

    fn go_on(&mut self, span: Span) {
        self.last = span.end;
        if let Some(slot) = self.current.and_then(|index| self.fields.get_mut(index)) {
            slot.end = u32::try_from(span.end).unwrap_or(slot.end);
        }
    }

    fn finish(
        &self,
        kind: Kind,
        file: &Arc<File>,
        packages: &mut Vec<Package>,
        problems: &mut Vec<Problem>,
    ) {
        let Some(first) = self.first else { return };
        let mut problem = |span, message| {
            problems.push(Problem {
                place: file.place(span),
                message,
            });
        };
        let text = |span: Span| {
            let bytes = file.slice(span).trim_ascii();
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => String::from_utf8_lossy(bytes).into_owned(),
            }
        };
        let Some(name) = self.name else {
            problem(first, "a paragraph without Package:");
            return;
        };
        let (mut want, mut reinstall, mut state) = (Want::Install, false, State::NotInstalled);
        let mut at = first;
        match self.status {
            Some((value, line)) => {
                at = line;
                let words = file.slice(value).split(u8::is_ascii_whitespace);
                let mut words = words.filter(|word| !word.is_empty());
                let mut word = || words.next().unwrap_or(&[]);
                let (first, second, third) = (word(), word(), word());
                match (Want::from_word(first), second, State::from_word(third)) {
                    (Some(w), b"ok" | b"reinstreq", Some(s)) => {
                        (want, reinstall, state) = (w, second == b"reinstreq", s);
                    }
                    _ => problem(line, "a Status: that dpkg does not know"),
                }
            }
            None if kind == Kind::Status => problem(first, "a package without Status:"),
            None => state = State::Installed,
        }
        packages.push(Package {
            name: text(name),
            version: text(self.version),
            architecture: text(self.architecture),
            want,
            must_be_reinstalled: reinstall,
            state,
            place: file.place(at),
            paragraph: Span::new(first.start, self.last),
            fields: self.fields,
        });
    }
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
        let (packages, problems) = parse_status(&file);
        let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        assert_eq!(packages[0].version, "1:2-3");
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
    fn what_an_image_without_dpkg_lists_is_installed() {
        let file = File::new("/var/lib/dpkg/status.d/base", "Package: base\nVersion: 1\n");
        let (packages, problems) = parse(&file, Kind::StatusD);
        assert!(packages[0].is_installed() && problems.is_empty());
    }

    #[test]
    fn a_file_cut_anywhere_is_still_read() {
        for end in 0..STATUS.len() {
            let file = File::new("/s", &STATUS.as_bytes()[..end]);
            let (packages, _) = parse_status(&file);
            assert!(packages.len() <= 4);
        }
    }
}
