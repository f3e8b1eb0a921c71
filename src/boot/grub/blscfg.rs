//! `blscfg` of Red Hat's GRUB (rhboot/grub2 `grub-core/commands/blscfg.c`): menu
//! entries from the files in `loader/entries`.

use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::condition::Status;
use super::default::{Number, number, to_int};
use super::machine::{Body, Flow, Loaded, Machine, MenuEntry};
use crate::boot::version::compare_bls_grub;
use crate::boot::{CommandLine, Loader, ProblemKind, Root};
use crate::fact::{Doubt, Fact, Unknown};
use crate::parse::bls::{Pair, parse_grub};
use crate::text::{Place, Span};

/// Entry files read.
const FILES: usize = 1000;

struct File {
    id: Vec<u8>,
    pairs: Vec<Pair>,
    place: Place,
}

impl File {
    fn value(&self, key: &str) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.key == key.as_bytes())
    }
}

impl Machine<'_> {
    pub(super) fn blscfg(&mut self, rest: &[Vec<u8>], place: &Place) -> Flow {
        let done = Flow::Next(Status::Known(true));
        let only = match rest.first().map(Vec::as_slice) {
            Some(path) if path.starts_with(b"(") || path.starts_with(b"/") => {
                let doubt = Doubt::CannotModel("blscfg with a path is not followed".into());
                self.open.push(Unknown::at(place.clone(), doubt));
                return done;
            }
            other => other.map(<[u8]>::to_vec),
        };
        let root = self.locate(b"/").0;
        let mut files = self.entry_files(&root, place);
        // The newest first; of two that compare equal GRUB keeps the first it read.
        files.sort_by(|a, b| compare_bls_grub(&b.id, &a.id));
        files.dedup_by(|a, b| compare_bls_grub(&a.id, &b.id).is_eq());
        let default = self.get(b"default").map(|v| v.value.clone());
        for (index, file) in files.iter().enumerate() {
            let is_default = is_default(default.as_deref(), file, index);
            let wanted = match only.as_deref() {
                None => true,
                Some(b"default") => is_default,
                Some(b"non-default") => !is_default,
                Some(id) => file.id == id,
            };
            let known = self.context.menu.iter().any(|e| e.place == file.place);
            if wanted && !known {
                self.entry_from(file, &root);
            }
        }
        done
    }

    fn entry_files(&mut self, root: &Root, place: &Place) -> Vec<File> {
        let dir = self.get(b"blsdir").map(|v| v.value.clone());
        let first = dir.unwrap_or_else(|| b"/loader/entries".to_vec());
        let first = PathBuf::from(std::ffi::OsStr::from_bytes(&first));
        let mut found = None;
        for dir in [first.as_path(), Path::new("/boot/loader/entries")] {
            match self.files.list(&root.spec, dir) {
                Fact::Known(names) => {
                    found = Some((dir.to_path_buf(), names));
                    break;
                }
                Fact::Absent(_) => {}
                Fact::Broken(fault) => self.open.push(fault.into()),
                Fact::Unknown(unknown) => self.open.push(unknown),
                Fact::NotCovered(why) => {
                    let doubt = Doubt::CannotModel(format!("{}: {why}", dir.display()));
                    self.open.push(Unknown::at(place.clone(), doubt));
                }
            }
        }
        let Some((dir, mut names)) = found else {
            let message = "blscfg finds no directory of entries: it adds none";
            self.problem(ProblemKind::FileMissing, place.clone(), message);
            return Vec::new();
        };
        names.sort();
        let mut files = Vec::new();
        for name in names {
            let path = dir.join(&name);
            let name = name.into_vec();
            let Some(id) = name.strip_suffix(b".conf") else {
                continue;
            };
            if id.is_empty() || id.starts_with(b".") {
                continue;
            }
            if files.len() >= FILES {
                self.lose(format!("more than {FILES} entry files"));
                break;
            }
            match self.files.file(&root.spec, &path) {
                Fact::Known(file) => {
                    let (pairs, lost) = parse_grub(&file);
                    if let Some(lost) = lost {
                        let message = "GRUB stops reading the entry at a line without a value";
                        self.problem(ProblemKind::Truncated, lost, message);
                    }
                    let place = file.place(Span::new(0, file.bytes().len()));
                    let id = id.to_vec();
                    files.push(File { id, pairs, place });
                }
                Fact::Absent(_) => {}
                Fact::Broken(fault) => self.open.push(fault.into()),
                Fact::Unknown(unknown) => self.open.push(unknown),
                Fact::NotCovered(why) => {
                    let doubt = Doubt::CannotModel(format!("{}: {why}", path.display()));
                    self.open.push(Unknown::at(place.clone(), doubt));
                }
            }
        }
        files
    }

    fn entry_from(&mut self, file: &File, root: &Root) {
        let Some(linux) = file.value("linux") else {
            let message = "no linux key: blscfg leaves the entry out";
            self.problem(ProblemKind::EntryIgnored, file.place.clone(), message);
            return;
        };
        let title = file.value("title").unwrap_or(linux).value.clone();
        // Only the first options line counts here.
        let options = file.value("options");
        let options = match options {
            Some(pair) => Some(CommandLine {
                text: self.expand_options(&pair.value),
                place: pair.place.clone(),
            }),
            None => self
                .get(b"default_kernelopts")
                .cloned()
                .map(|variable| CommandLine {
                    text: self.expand_options(&variable.value),
                    place: variable.from.last().unwrap_or(&file.place).clone(),
                }),
        };
        let written = |path: &[u8], place: &Place| crate::boot::Written {
            path: path.to_vec(),
            root: root.clone(),
            place: place.clone(),
        };
        let initrds = file.pairs.iter().filter(|pair| pair.key == b"initrd");
        let mut initrds: Vec<_> = initrds
            .flat_map(|pair| {
                let words = pair.value.split(|b| *b == b' ').filter(|w| !w.is_empty());
                words.map(|word| written(word, &pair.place))
            })
            .collect();
        if let Some(early) = self.get(b"early_initrd").cloned() {
            let near = initrds.first().map_or(&linux.value, |first| &first.path);
            let slash = near.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
            let dir = near.get(..slash).unwrap_or(&[]).to_vec();
            let names = early.value.split(|b| *b == b' ').filter(|w| !w.is_empty());
            let place = early.from.last().unwrap_or(&file.place);
            let early = names.map(|name| written(&[&dir, name].concat(), place));
            initrds.splice(0..0, early.collect::<Vec<_>>());
        }
        let loaded = Loaded {
            loader: Some(Loader::Linux("linux".into())),
            kernel: Some(written(&linux.value, &linux.place)),
            initrds,
            cmdline: options,
            devicetree: file
                .value("devicetree")
                .map(|pair| written(&pair.value, &pair.place)),
        };
        let users = file.value("grub_users").map(|pair| pair.value.clone());
        let unrestricted = file
            .pairs
            .iter()
            .any(|pair| pair.key == b"grub_arg" && pair.value == b"--unrestricted");
        self.add_entry(MenuEntry {
            title: title.clone(),
            id: file.id.clone(),
            users: users.filter(|_| !unrestricted),
            arguments: vec![title],
            body: Body::Entry(Box::new(loaded)),
            submenu: false,
            place: file.place.clone(),
        });
    }

    /// `$name` in options: the value and a blank (`expand_val`).
    fn expand_options(&self, text: &[u8]) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        let mut rest = text;
        while let Some((first, tail)) = rest.split_first() {
            rest = tail;
            if *first != b'$' || out.last() == Some(&b'\\') {
                out.push(*first);
                continue;
            }
            let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            let len = rest.iter().take_while(|b| word(b)).count();
            let (name, after) = rest.split_at(len);
            rest = after;
            let value = self.get(name).map_or(&[][..], |v| v.value.as_slice());
            if !value.is_empty() {
                out.extend(value);
                out.push(b' ');
            }
            rest = rest.strip_prefix(b" ").unwrap_or(rest);
            if out.len() > super::value::VALUE_LIMIT {
                break;
            }
        }
        out.trim_ascii_end().to_vec()
    }
}

fn is_default(default: Option<&[u8]>, file: &File, index: usize) -> bool {
    let Some(default) = default else {
        return false;
    };
    if default == file.id || file.value("title").is_some_and(|t| t.value == default) {
        return true;
    }
    match number(default) {
        Number::Value(value, _) => usize::try_from(to_int(value)) == Ok(index),
        _ => false,
    }
}
