//! `initrd-init-unusable`: what the kernel starts in the initrd is not there or cannot
//! be started.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::InitrdFacts;
use crate::facts::boot::drivers;
use crate::parse::elf;
use crate::parse::init_script::{Head, head};
use crate::parse::initrd::Lookup;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{File, escape, escape_path};

pub(in crate::rules) struct InitUnusable;

impl Rule for InitUnusable {
    fn id(&self) -> &'static str {
        "initrd-init-unusable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::whole(host)?;
        let named = match host.root() {
            crate::fact::Fact::Known(root) => root.last("rdinit").map(<[u8]>::to_vec),
            _ => None,
        };
        let path = named.unwrap_or_else(|| b"/init".to_vec());
        let mut out = Findings::new();
        let Some((why, missing)) = unusable(facts, &path, 0) else {
            return Ok(out);
        };
        let Some(file) = facts.files.last() else {
            return Ok(out);
        };
        let shown = escape(&path);
        let (message, level) = if missing {
            let alone = drivers::kernel_can_mount(host);
            let level = if alone { Level::Warn } else { Level::Block };
            let message = format!(
                "the initrd has no {shown}: the kernel ignores the initrd and mounts root= alone"
            );
            (message, level)
        } else {
            let message = format!("{shown} of the initrd cannot be started: the kernel panics");
            (message, Level::Block)
        };
        let evidence = Evidence::path(&file.path, why);
        let subject = escape_path(&file.path);
        out.push(Finding::new(self.id(), subject, message, evidence).at_most(level));
        Ok(out)
    }
}

/// Interpreters inside each other, as the kernel follows them (`fs/exec.c`, Linux 6.1).
const DEPTH: usize = 5;

/// Why the program cannot be started, and whether it is because nothing is there.
fn unusable(facts: &InitrdFacts, path: &[u8], depth: usize) -> Option<(String, bool)> {
    let shown = escape(path);
    let (at, entry) = match facts.initrd.rootfs.resolve(path) {
        Lookup::Found { path, entry } => (path, entry),
        Lookup::Missing(at) => {
            let slash = [b"/", at.as_slice()].concat();
            let why = if slash == path {
                format!("{shown} is not in it")
            } else {
                format!("{shown} leads to {}, which is not in it", escape(&slash))
            };
            return Some((why, true));
        }
        Lookup::Root | Lookup::NotDir(_) | Lookup::Loop => {
            return Some((format!("{shown} leads nowhere in it"), true));
        }
    };
    if !entry.is_executable() {
        let why = format!("{shown} is not executable (mode {:04o})", entry.mode);
        return Some((why, false));
    }
    if entry.size == 0 {
        return Some((format!("{shown} is empty"), false));
    }
    let content = entry.content.as_ref()?;
    let name = Path::new("/").join(OsStr::from_bytes(&at));
    let file = File::new(&name, content.bytes.clone());
    let interpreter = match head(&file) {
        Head::Script(interpreter) => Some(interpreter.path),
        Head::Elf => {
            let elf = elf::read(file.bytes()).ok()?;
            if content.whole
                && let Some(library) = super::missing_library(facts, &elf)
            {
                let why = format!("{shown} needs {}, which is not in it", escape(library));
                return Some((why, false));
            }
            elf.interpreter
        }
        // All zeros: written to a full disk, or before the power went.
        Head::Plain | Head::Empty => {
            let why = format!("{shown} is neither a program nor a script");
            return Some((why, false));
        }
    }?;
    if depth >= DEPTH {
        return None;
    }
    let (why, _) = unusable(facts, &interpreter, depth + 1)?;
    Some((
        format!("{shown} needs {}: {why}", escape(&interpreter)),
        false,
    ))
}
