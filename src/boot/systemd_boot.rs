//! systemd-boot: entry files, unified kernel images, boot counting and the default
//! (systemd 255 `src/boot/efi/boot.c`, `config_entry_compare`,
//! `config_select_default_entry`).

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::version::compare_systemd;
use super::{
    BootFiles, CommandLine, Entry, Loader, NextBoot, Problem, ProblemKind, Prompt, Root, RootSpec,
    Step, Timeout, Written,
};
use crate::fact::{Fact, Unknown};
use crate::parse::bls::parse_systemd;
use crate::parse::loader_conf::{LoaderConf, MenuTimeout, menu_timeout};
use crate::text::{File, Place, Span, escape};

/// A unified kernel image in `EFI/Linux`, as its PE sections describe it.
#[derive(Clone, Debug)]
pub struct Unified {
    /// The file, for its place; its content is not needed.
    pub file: Arc<File>,
    /// Its path on the file system it is on, as systemd-boot sees it.
    pub path: Vec<u8>,
    /// `PRETTY_NAME` of `.osrel`.
    pub title: Vec<u8>,
    /// `IMAGE_ID` or `ID` of `.osrel`.
    pub sort_key: Option<Vec<u8>>,
    /// `IMAGE_VERSION`, `VERSION_ID` or `BUILD_ID` of `.osrel`.
    pub version: Option<Vec<u8>>,
    /// `.cmdline`.
    pub cmdline: Option<Vec<u8>>,
}

/// What systemd-boot reads from EFI variables; `None` where one is not set.
#[derive(Clone, Debug, Default)]
pub struct EfiVariables {
    /// `LoaderEntryOneShot`.
    pub one_shot: Option<Vec<u8>>,
    /// `LoaderEntryDefault`.
    pub default: Option<Vec<u8>>,
    /// `LoaderEntryLastBooted`, for `@saved`.
    pub saved: Option<Vec<u8>>,
    /// `LoaderConfigTimeout`.
    pub timeout: Option<Vec<u8>>,
    /// `LoaderConfigTimeoutOneShot`.
    pub timeout_one_shot: Option<Vec<u8>>,
}

struct Candidate {
    entry: Entry,
    sort_key: Option<Vec<u8>>,
    machine_id: Vec<u8>,
    version: Vec<u8>,
    left: Option<u32>,
    done: u32,
}

/// What systemd-boot starts next. `entries` are the files of `loader/entries` on the
/// EFI system partition and XBOOTLDR. `architecture` is systemd's name of the EFI
/// architecture (`x64`, `aa64`), where known. `efi` is `None` where the variables
/// could not be read, as in an offline tree.
#[must_use]
pub fn systemd_boot(
    conf: &LoaderConf,
    entries: &[Arc<File>],
    unified: &[Unified],
    architecture: Option<&str>,
    efi: Option<&EfiVariables>,
    files: &dyn BootFiles,
) -> NextBoot {
    let mut next = NextBoot::nothing();
    let mut found = Vec::new();
    for file in entries {
        found.extend(type_one(file, architecture, files, &mut next));
    }
    for image in unified {
        found.extend(type_two(image, &mut next));
    }
    found.sort_by(compare);
    wait(conf, efi, &mut next);
    let chosen = select(&found, conf, efi, &mut next);
    for (index, candidate) in found.iter_mut().enumerate() {
        candidate.entry.position = vec![index];
    }
    next.entries = found.into_iter().map(|c| c.entry).collect();
    next.entry = chosen.and_then(|index| next.entries.get(index).cloned());
    next
}

fn wait(conf: &LoaderConf, efi: Option<&EfiVariables>, next: &mut NextBoot) {
    let variable = efi.and_then(|efi| {
        let one = efi.timeout_one_shot.as_ref().or(efi.timeout.as_ref())?;
        menu_timeout(one)
    });
    let from_file = conf.timeout.as_ref();
    let timeout = variable.or(from_file.map(|(timeout, _)| *timeout));
    next.timeout = match timeout {
        Some(MenuTimeout::Force) => Timeout::Forever,
        Some(MenuTimeout::Seconds(seconds)) => Timeout::Seconds(seconds),
        Some(MenuTimeout::Hidden) | None => Timeout::Seconds(0),
    };
    if next.timeout == Timeout::Forever {
        let place = from_file.filter(|_| variable.is_none());
        next.stops_at_prompt = Some(Prompt {
            why: "timeout menu-force: the menu waits for a key for ever".into(),
            place: place.map(|(_, place)| place.clone()),
        });
    }
}

fn select(
    found: &[Candidate],
    conf: &LoaderConf,
    efi: Option<&EfiVariables>,
    next: &mut NextBoot,
) -> Option<usize> {
    let find = |pattern: &[u8]| {
        let pattern = pattern.to_ascii_lowercase();
        found
            .iter()
            .position(|c| glob(&pattern, &c.entry.id.to_ascii_lowercase()))
    };
    let step = |name: &str, pattern: &[u8], place: Option<Place>| Step {
        text: format!("{name} {}", escape(pattern)),
        place,
    };
    let is_saved = |pattern: &[u8]| pattern.eq_ignore_ascii_case(b"@saved");
    if let Some(efi) = efi {
        let saved = efi.default.as_ref().is_some_and(|d| is_saved(d));
        let default = if saved { &efi.saved } else { &efi.default };
        let variables = [
            ("LoaderEntryOneShot", &efi.one_shot),
            ("LoaderEntryDefault", default),
        ];
        for (name, value) in variables {
            let Some(pattern) = value else { continue };
            if let Some(index) = find(pattern) {
                next.how.push(step(name, pattern, None));
                return Some(index);
            }
        }
    } else if let Some((pattern, place)) = conf.default.as_ref().filter(|(p, _)| is_saved(p)) {
        let doubt = crate::fact::Doubt::CannotModel(format!(
            "default {}: which entry was booted last is in an EFI variable",
            escape(pattern)
        ));
        next.open.push(Unknown::at(place.clone(), doubt));
    }
    if let Some((pattern, place)) = &conf.default {
        let saved = efi.and_then(|efi| efi.saved.clone());
        let wanted = if is_saved(pattern) {
            saved
        } else {
            Some(pattern.clone())
        };
        if let Some(index) = wanted.as_deref().and_then(find) {
            next.how.push(step("default", pattern, Some(place.clone())));
            return Some(index);
        }
        if wanted.is_some() {
            next.problems.push(Problem {
                kind: ProblemKind::DefaultUnmatched,
                place: place.clone(),
                message: format!(
                    "no entry is named {}: systemd-boot starts the first of its list",
                    escape(pattern)
                ),
            });
        }
    }
    if found.is_empty() {
        // Only what systemd-boot finds by itself is left.
        if next.timeout == Timeout::Seconds(0) {
            next.timeout = Timeout::Seconds(10);
        }
        return None;
    }
    next.how.push(Step {
        text: "the first entry of the sorted list".into(),
        place: None,
    });
    Some(0)
}

/// `config_entry_compare`.
fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    let bad = (a.left == Some(0)).cmp(&(b.left == Some(0)));
    let keyed = a.sort_key.is_none().cmp(&b.sort_key.is_none());
    let by_key = || match (&a.sort_key, &b.sort_key) {
        (Some(left), Some(right)) => left
            .cmp(right)
            .then_with(|| a.machine_id.cmp(&b.machine_id))
            .then_with(|| compare_systemd(&b.version, &a.version)),
        _ => Ordering::Equal,
    };
    let by_tries = || match (a.left, b.left) {
        (Some(left), Some(right)) => right.cmp(&left).then_with(|| a.done.cmp(&b.done)),
        _ => Ordering::Equal,
    };
    bad.then(keyed)
        .then_with(by_key)
        .then_with(|| compare_systemd(&b.entry.id, &a.entry.id))
        .then_with(by_tries)
}

/// The name without its counter, and the counter: `NAME+LEFT[-DONE].SUFFIX`.
fn tries(name: &[u8], suffix: &[u8]) -> (Vec<u8>, Option<u32>, u32) {
    let plain = (name.to_vec(), None, 0);
    let Some(stem) = name
        .len()
        .checked_sub(suffix.len())
        .and_then(|at| name.get(..at))
    else {
        return plain;
    };
    let Some(plus) = stem.iter().rposition(|b| *b == b'+') else {
        return plain;
    };
    let counter = stem.get(plus + 1..).unwrap_or(&[]);
    let mut parts = counter.splitn(2, |b| *b == b'-');
    let number = |part: &[u8]| -> Option<u32> {
        let digits = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(part).ok().filter(|_| digits)?;
        text.parse().ok()
    };
    let left = parts.next().and_then(number);
    let done = parts.next().map(number);
    match (left, done) {
        (Some(left), None) => (bare(name, plus, suffix), Some(left), 0),
        (Some(left), Some(Some(done))) => (bare(name, plus, suffix), Some(left), done),
        _ => plain,
    }
}

fn bare(name: &[u8], plus: usize, suffix: &[u8]) -> Vec<u8> {
    [name.get(..plus).unwrap_or(&[]), suffix].concat()
}

fn whole(file: &Arc<File>) -> Place {
    file.place(Span::new(0, file.bytes().len()))
}

fn name_of(file: &File) -> Vec<u8> {
    let name = file.path().file_name().map(OsStr::as_bytes);
    name.map_or_else(Vec::new, <[u8]>::to_ascii_lowercase)
}

fn ignored(next: &mut NextBoot, file: &Arc<File>, why: &str) {
    next.problems.push(Problem {
        kind: ProblemKind::EntryIgnored,
        place: whole(file),
        message: format!("{why}: systemd-boot leaves the entry out"),
    });
}

fn type_one(
    file: &Arc<File>,
    architecture: Option<&str>,
    files: &dyn BootFiles,
    next: &mut NextBoot,
) -> Option<Candidate> {
    let name = name_of(file);
    if !name.ends_with(b".conf") {
        ignored(next, file, "the name does not end in .conf");
        return None;
    }
    if name.starts_with(b".") || name.starts_with(b"auto-") {
        ignored(next, file, "the name begins with a dot or auto-");
        return None;
    }
    let (id, left, done) = tries(&name, b".conf");
    let mut candidate = Candidate {
        entry: Entry::new(Vec::new(), id, whole(file)),
        sort_key: None,
        machine_id: Vec::new(),
        version: Vec::new(),
        left,
        done,
    };
    let mut options: Option<CommandLine> = None;
    for pair in parse_systemd(file) {
        let written = Written {
            path: slashes(&pair.value),
            root: Root::loader(),
            place: pair.place.clone(),
        };
        let entry = &mut candidate.entry;
        match pair.key.as_slice() {
            b"title" => entry.title = pair.value,
            b"sort-key" => candidate.sort_key = Some(pair.value),
            b"version" => candidate.version = pair.value,
            b"machine-id" => candidate.machine_id = pair.value,
            b"linux" => {
                entry.loader = Loader::Linux("linux".into());
                entry.kernel = Some(written);
            }
            b"efi" => {
                entry.loader = Loader::Chain;
                entry.kernel = Some(written);
            }
            b"uki" => {
                entry.loader = Loader::Unified;
                entry.kernel = Some(written);
            }
            b"initrd" => entry.initrds.push(written),
            b"devicetree" => entry.devicetree = Some(written),
            b"options" => match &mut options {
                Some(line) => {
                    line.text.push(b' ');
                    line.text.extend(pair.value);
                }
                None => {
                    options = Some(CommandLine {
                        text: pair.value,
                        place: pair.place,
                    });
                }
            },
            b"architecture" => {
                let value = String::from_utf8_lossy(&pair.value).into_owned();
                if architecture.is_some_and(|own| !own.eq_ignore_ascii_case(&value)) {
                    ignored(next, file, "it is for another architecture");
                    return None;
                }
            }
            _ => {}
        }
    }
    candidate.entry.cmdline = options;
    if candidate.entry.title.is_empty() {
        candidate.entry.title.clone_from(&candidate.entry.id);
    }
    let Some(kernel) = candidate.entry.kernel.clone() else {
        ignored(next, file, "neither linux, efi nor uki is given");
        return None;
    };
    match files.exists(
        &RootSpec::Loader,
        Path::new(OsStr::from_bytes(&kernel.path)),
    ) {
        Fact::Known(false) | Fact::Absent(_) => {
            let path = escape(&kernel.path);
            ignored(next, file, &format!("{path} is not there"));
            return None;
        }
        Fact::Known(true) => {}
        Fact::Unknown(unknown) => next.open.push(unknown),
        Fact::Broken(fault) => next.open.push(fault.into()),
        Fact::NotCovered(_) => {}
    }
    Some(candidate)
}

fn type_two(image: &Unified, next: &mut NextBoot) -> Option<Candidate> {
    let name = name_of(&image.file);
    if !name.ends_with(b".efi") || name.starts_with(b".") || name.starts_with(b"auto-") {
        ignored(
            next,
            &image.file,
            "not a name systemd-boot takes as a unified kernel image",
        );
        return None;
    }
    let (id, left, done) = tries(&name, b".efi");
    let place = whole(&image.file);
    let mut entry = Entry::new(image.title.clone(), id, place.clone());
    entry.loader = Loader::Unified;
    entry.kernel = Some(Written {
        path: image.path.clone(),
        root: Root::loader(),
        place: place.clone(),
    });
    let cmdline = image.cmdline.clone();
    entry.cmdline = cmdline.map(|text| CommandLine { text, place });
    Some(Candidate {
        entry,
        sort_key: image.sort_key.clone(),
        machine_id: Vec::new(),
        version: image.version.iter().flatten().copied().collect(),
        left,
        done,
    })
}

/// EFI paths may use backslashes and need no slash in front.
fn slashes(path: &[u8]) -> Vec<u8> {
    let mut out = vec![b'/'];
    for part in path.split(|b| *b == b'/' || *b == b'\\') {
        if !part.is_empty() {
            if out.len() > 1 {
                out.push(b'/');
            }
            out.extend(part);
        }
    }
    out
}

/// `*`, `?` and `[...]`, on text already folded.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                star = Some((p + 1, t));
                p += 1;
                continue;
            }
            (Some(b'?'), Some(_)) => Some(1),
            (Some(b'['), Some(byte)) => set(pattern.get(p + 1..).unwrap_or(&[]), *byte),
            (Some(b'\\'), Some(byte)) => (pattern.get(p + 1) == Some(byte)).then_some(2),
            (Some(a), Some(b)) if a == b => Some(1),
            _ => None,
        };
        if let Some(step) = step {
            p += step;
            t += 1;
            continue;
        }
        match star {
            Some((after, from)) if from < text.len() => {
                star = Some((after, from + 1));
                p = after;
                t = from + 1;
            }
            _ => return false,
        }
    }
}

/// Whether a set holds the byte: the length of the whole set in the pattern.
fn set(pattern: &[u8], byte: u8) -> Option<usize> {
    let end = pattern.iter().skip(1).position(|b| *b == b']')? + 1;
    let members = pattern.get(..end)?;
    let mut rest = members;
    let mut hit = false;
    while let Some((low, tail)) = rest.split_first() {
        match tail {
            [b'-', high, after @ ..] => {
                hit |= (*low..=*high).contains(&byte);
                rest = after;
            }
            _ => {
                hit |= *low == byte;
                rest = tail;
            }
        }
    }
    hit.then_some(end + 2)
}

#[cfg(test)]
mod tests;
