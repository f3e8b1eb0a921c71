//! Tests of the evaluation.

mod choosing;
mod distributions;
mod hostile;
mod script;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Dialect, GrubFacts, Platform, grub};
use crate::boot::{BootFiles, NextBoot, RootSpec};
use crate::fact::{Doubt, Fact, Looked, Unknown};
use crate::parse::grub::GrubEnv;
use crate::text::File;

/// Files by path, on whatever file system; others are absent, or not known.
#[derive(Default)]
pub(super) struct Files {
    pub(super) files: BTreeMap<PathBuf, String>,
    pub(super) blind: bool,
}

impl BootFiles for Files {
    fn file(&self, _: &RootSpec, path: &Path) -> Fact<Arc<File>> {
        match self.files.get(path) {
            Some(text) => Fact::Known(File::new(path, text.as_str())),
            None => self.missing(path),
        }
    }

    fn exists(&self, _: &RootSpec, path: &Path) -> Fact<bool> {
        match self.missing::<bool>(path) {
            Fact::Unknown(unknown) => Fact::Unknown(unknown),
            _ => Fact::Known(self.files.keys().any(|known| known.starts_with(path))),
        }
    }

    fn list(&self, _: &RootSpec, dir: &Path) -> Fact<Vec<OsString>> {
        let inside = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(dir).ok());
        let names: Vec<OsString> = inside
            .filter_map(|rest| Some(rest.components().next()?.as_os_str().to_owned()))
            .collect();
        if names.is_empty() {
            self.missing(dir)
        } else {
            Fact::Known(names)
        }
    }
}

impl Files {
    fn missing<T>(&self, path: &Path) -> Fact<T> {
        if self.blind {
            Fact::Unknown(Unknown::new(path, Doubt::Denied))
        } else {
            Fact::Absent(Looked::at(path))
        }
    }

    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(p, t)| (PathBuf::from(p), (*t).to_owned()));
        Self {
            files: files.collect(),
            blind: false,
        }
    }
}

pub(super) fn facts(dialect: Dialect) -> GrubFacts {
    GrubFacts {
        platform: Some(Platform::Pc),
        prefix: "/boot/grub".into(),
        dialect,
    }
}

pub(super) fn env(lines: &str) -> GrubEnv {
    let mut text = format!("# GRUB Environment Block\n{lines}").into_bytes();
    text.resize(1024, b'#');
    GrubEnv::parse(&File::new("/boot/grub/grubenv", text))
}

pub(super) fn run(text: &str, env_lines: Option<&str>) -> NextBoot {
    let main = File::new("/boot/grub/grub.cfg", text);
    let env = env_lines.map(env);
    grub(
        &main,
        env.as_ref(),
        &Files::default(),
        &facts(Dialect::Upstream),
    )
}

/// The chosen entry as `submenu/submenu/title`; `-` where there is none.
pub(super) fn chosen(next: &NextBoot) -> String {
    next.entry.as_ref().map_or_else(
        || "-".into(),
        |entry| {
            let mut parts = entry.submenus.clone();
            parts.push(entry.title.clone());
            String::from_utf8_lossy(&parts.join(&b'/')).into_owned()
        },
    )
}
