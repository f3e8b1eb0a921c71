//! What crypttab unlocks at boot, and with what.
//!
//! systemd 252: `src/cryptsetup/cryptsetup.c` and `cryptsetup-generator.c`; Debian's
//! cryptdisks and initramfs hook: cryptsetup 2.6.1.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Host;
use super::devices::Spec;
use super::init::InitKind;
use crate::fact::{Fact, Unknown};
use crate::parse::crypttab::{self, Entry, Key, Problem, Reader};
use crate::text::File;

/// What crypttab says.
#[derive(Debug)]
pub struct Crypt {
    /// Who reads it after the initrd.
    pub reader: Reader,
    /// crypttab, or why there is none.
    pub file: Fact<Arc<File>>,
    /// The lines.
    pub items: Vec<Unlock>,
    /// Lines that the reader ignores, or takes differently than they look.
    pub problems: Vec<Problem>,
}

/// One line.
#[derive(Debug)]
pub struct Unlock {
    /// The line.
    pub entry: Entry,
    /// The device it names, where it names one.
    pub device: Option<Spec>,
    /// With what it is unlocked.
    pub with: With,
}

/// With what a device is unlocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// A new random key at each boot.
    Random,
    /// A file, by the third field.
    File(PathBuf),
    /// A file that systemd finds by the name of the device.
    Found(PathBuf),
    /// A file on a device of its own.
    OnDevice,
    /// A TPM, a FIDO2 token or a smart card, by the option.
    Token(String),
    /// A program, by `keyscript=`; systemd knows no such option.
    Script(PathBuf),
    /// Somebody types it, unless a token in the header answers.
    Passphrase,
}

impl Unlock {
    /// The name below /dev/mapper.
    #[must_use]
    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.entry.name).into_owned()
    }

    /// Whether each boot makes what is on it (`swap`, `tmp`), or has a new key for it.
    #[must_use]
    pub fn is_made_anew(&self) -> bool {
        let made = ["swap", "tmp"];
        self.with == With::Random || made.iter().any(|name| self.entry.option(name).is_some())
    }

    /// The node it makes.
    #[must_use]
    pub fn node(&self) -> Vec<u8> {
        [b"/dev/mapper/", self.entry.name.as_slice()].concat()
    }
}

impl Crypt {
    /// The line that makes a node below /dev/mapper.
    #[must_use]
    pub fn making(&self, spec: &Spec) -> Option<&Unlock> {
        let Spec::Node(node) = spec else {
            return None;
        };
        self.items.iter().find(|item| item.node() == *node)
    }

    /// Why crypttab could not be read, where it could not.
    #[must_use]
    pub fn unread(&self) -> Option<Unknown> {
        match &self.file {
            Fact::Unknown(unknown) => Some(unknown.clone()),
            Fact::Broken(fault) => Some(fault.clone().into()),
            Fact::Known(_) | Fact::Absent(_) | Fact::NotCovered(_) => None,
        }
    }
}

/// What crypttab of `host` unlocks.
pub(super) fn read(host: &Host) -> Crypt {
    let reader = match host.init_kind() {
        Some(InitKind::Systemd) => Reader::Systemd,
        _ => Reader::Debian,
    };
    let file = host.tree().read(Path::new("/etc/crypttab"));
    let mut items = Vec::new();
    let mut problems = Vec::new();
    if let Fact::Known(file) = &file {
        let entries = crypttab::entries(file, reader).into_iter();
        items.extend(entries.map(|entry| unlock(host, entry, reader)));
        problems = crypttab::problems(file, reader);
    }
    Crypt {
        reader,
        file,
        items,
        problems,
    }
}

fn unlock(host: &Host, entry: Entry, reader: Reader) -> Unlock {
    Unlock {
        device: Spec::of(&entry.source),
        with: with(host, &entry, reader),
        entry,
    }
}

/// Options that name a token.
const TOKENS: [&str; 4] = ["tpm2-device", "fido2-device", "pkcs11-uri", "fido2-cid"];

/// Where systemd looks for `NAME.key`.
const KEY_DIRS: [&str; 2] = ["/etc/cryptsetup-keys.d", "/run/cryptsetup-keys.d"];

fn with(host: &Host, entry: &Entry, reader: Reader) -> With {
    let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
    if let Some(script) = entry.option("keyscript").and_then(|o| o.value()) {
        // A path that is absolute replaces the directory.
        return With::Script(Path::new("/lib/cryptsetup/scripts").join(path(script)));
    }
    let token = TOKENS.iter().find(|token| entry.option(token).is_some());
    if let (Reader::Systemd, Some(token)) = (reader, token) {
        return With::Token((*token).to_owned());
    }
    match entry.key(reader) {
        Key::Random => With::Random,
        Key::OnDevice { .. } => With::OnDevice,
        // systemd ignores a path that is not absolute, and asks.
        Key::File(file) if file.starts_with(b"/") || reader == Reader::Debian => {
            With::File(path(&file))
        }
        Key::File(_) | Key::None => {
            let name = format!("{}.key", String::from_utf8_lossy(&entry.name));
            let mut found = KEY_DIRS.iter().map(|dir| Path::new(dir).join(&name));
            let there = |path: &PathBuf| matches!(host.tree().resolve(path), Fact::Known(_));
            match found.find(there) {
                Some(path) if reader == Reader::Systemd => With::Found(path),
                _ => With::Passphrase,
            }
        }
    }
}
