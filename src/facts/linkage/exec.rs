//! What the kernel does with a program: scripts and their interpreters, then an ELF
//! file with its loader.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cpu::Level;
use super::object::{Flavour, Object};
use super::{Failure, FailureKind, Linkage, Start, World, glibc, musl};
use crate::fact::{Doubt, Fact, Looked, Unknown, Why};
use crate::parse::elf::{Elf, Kind, Problem};
use crate::shell::DEFAULT_DIRS;
use crate::source::{FileKind, Found};
use crate::text::{escape, escape_path};

/// Interpreters behind each other at most (Linux 6.1 `exec_binprm`).
const DEPTH: usize = 5;

/// A step that ended the way, boxed where it is rare.
type Ended = Box<Start>;

/// How the program at `path` starts.
pub(super) fn start(world: &World<'_>, path: &Path) -> Linkage {
    let mut linkage = Linkage::new(path.to_path_buf(), Start::Runs);
    if let Err(start) = follow(world, path, &mut linkage) {
        linkage.start = *start;
    }
    linkage
}

fn follow(world: &World<'_>, path: &Path, linkage: &mut Linkage) -> Result<(), Ended> {
    let mut next = path.to_path_buf();
    let mut script: Option<PathBuf> = None;
    for _ in 0..=DEPTH {
        let (found, object) = executable(world, &next, script.as_deref())?;
        linkage.steps.push(found.path.clone());
        let Some((interpreter, argument)) = &object.interpreter else {
            return program(world, &found, &object, linkage);
        };
        let interpreter = Path::new(std::ffi::OsStr::from_bytes(interpreter));
        if let (Some("env"), Some(argument)) = (name_of(interpreter), argument) {
            check_env(world, interpreter, argument, &found)?;
        }
        // A name without a slash in front counts from the working directory, and that
        // of process 1 and of services is the root.
        next = Path::new("/").join(interpreter);
        script = Some(found.path);
    }
    let shown = escape_path(path);
    let message = format!("{shown}: more than {DEPTH} interpreters behind each other");
    let failure = Failure::new(FailureKind::InterpreterLoop, path, message);
    Err(Box::new(Start::Refused(failure)))
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

/// The file at `path`, if the kernel opens it to execute it.
fn executable(
    world: &World<'_>,
    path: &Path,
    script: Option<&Path>,
) -> Result<(Found, Arc<Object>), Ended> {
    let refused = |kind, message| {
        let failure = Failure::new(kind, script.unwrap_or(path), message);
        Box::new(Start::Refused(failure))
    };
    let found = match world.resolve(path) {
        Fact::Known(found) => found,
        Fact::Absent(looked) => {
            return Err(match script {
                Some(script) => {
                    let (by, name) = (escape_path(script), escape_path(path));
                    let message = if name.ends_with("\\r") {
                        format!("{by} has DOS line ends: its interpreter is \"{name}\"")
                    } else {
                        format!("{by} needs the interpreter {name}, which does not exist")
                    };
                    let kind = FailureKind::InterpreterMissing;
                    let failure = Failure::new(kind, script, message).looked(looked);
                    Box::new(Start::Refused(failure))
                }
                None => Box::new(Start::Missing(looked)),
            });
        }
        other => return Err(Box::new(no_answer(path, other))),
    };
    let shown = escape_path(&found.path);
    if found.meta.kind != FileKind::File {
        let message = format!("{shown} is {}", found.meta.kind.noun());
        return Err(refused(FailureKind::NotRegular, message));
    }
    if !found.meta.any_execute_bit() {
        let mode = found.meta.mode;
        let message = format!("{shown} is not executable (mode {mode:04o})");
        return Err(refused(FailureKind::NotExecutable, message));
    }
    if found.meta.len == 0 {
        let message = format!("{shown} is empty");
        return Err(refused(FailureKind::Empty, message));
    }
    match world.object(&found) {
        Fact::Known(object) => Ok((found, object)),
        other => Err(Box::new(no_answer(path, other))),
    }
}

/// What a question without an answer means for the start.
fn no_answer<T>(path: &Path, fact: Fact<T>) -> Start {
    match fact {
        Fact::Unknown(unknown) => Start::Unknown(unknown),
        Fact::NotCovered(why) => Start::NotCovered(why),
        Fact::Broken(fault) => Start::Unknown(fault.into()),
        Fact::Absent(looked) => Start::Missing(looked),
        Fact::Known(_) => {
            let doubt = Doubt::CannotModel("no answer".into());
            Start::Unknown(Unknown::new(path, doubt))
        }
    }
}

/// An ELF file: whether the kernel takes it, then its loader.
fn program(
    world: &World<'_>,
    found: &Found,
    object: &Object,
    linkage: &mut Linkage,
) -> Result<(), Ended> {
    let shown = escape_path(&found.path);
    let refused = |kind, message| {
        let failure = Failure::new(kind, &found.path, message);
        Box::new(Start::Refused(failure))
    };
    let elf = match &object.elf {
        Ok(elf) => elf,
        Err(Problem::NotElf) => {
            let message = format!("{shown} is neither a program nor a script with an interpreter");
            return Err(refused(FailureKind::NotAProgram, message));
        }
        Err(problem) => {
            let message = format!("{shown} is no program: {problem}");
            return Err(refused(FailureKind::NotAProgram, message));
        }
    };
    if let Kind::Other(_) = elf.kind {
        let message = format!("{shown} is an ELF file, but not one to execute");
        return Err(refused(FailureKind::NotAProgram, message));
    }
    if elf.problems.contains(&Problem::BadInterpreter) {
        let message = format!("{shown} is no program: {}", Problem::BadInterpreter);
        return Err(refused(FailureKind::NotAProgram, message));
    }
    if let (Some(kernel), Some(own)) = (world.machine.kernel, elf.architecture())
        && !own.runs_on(kernel)
    {
        let message = format!("{shown} is for {own}, and the kernel is for {kernel}");
        return Err(refused(FailureKind::WrongArchitecture, message));
    }
    linkage.minimum_kernel = elf.minimum_kernel;
    let loader = match &elf.interpreter {
        Some(interpreter) => Some(loader(world, found, elf, interpreter)?),
        None => None,
    };
    if let Some(cut) = cut(elf) {
        let failure = Failure::new(
            FailureKind::Truncated,
            &found.path,
            format!("{shown} is {cut}"),
        );
        return Err(Box::new(Start::Dies(failure)));
    }
    if let Some(failure) = processor(world, &found.path, elf) {
        return Err(Box::new(Start::Dies(failure)));
    }
    let Some((loader, its_object)) = loader else {
        return Ok(());
    };
    linkage.loader = Some(loader.path.clone());
    if let Ok(its) = &its_object.elf {
        linkage.minimum_kernel = linkage.minimum_kernel.max(its.minimum_kernel);
    }
    match &its_object.flavour {
        Some(Flavour::Glibc { .. }) => {
            glibc::load(world, found, elf, &loader, &its_object, linkage);
        }
        Some(Flavour::Musl { search, config }) => {
            musl::load(world, found, elf, (&loader, search, config), linkage);
        }
        // klibc's programs need nothing but their loader.
        None if elf.needed.is_empty() => {}
        None => {
            let text = "a loader of unknown kind: its libraries are not looked for";
            let doubt = Doubt::CannotModel(text.into());
            linkage.start = Start::Unknown(Unknown::new(&loader.path, doubt));
        }
    }
    Ok(())
}

/// The words of [`Problem::Truncated`], where it is.
pub(super) fn cut(elf: &Elf) -> Option<Problem> {
    let mut problems = elf.problems.iter();
    let is_cut = |problem: &&Problem| matches!(problem, Problem::Truncated { .. });
    problems.find(is_cut).copied()
}

/// Whether the processor is too old for a file (glibc 2.36
/// `sysdeps/x86/dl-prop.h`, `dl_isa_level_check`).
pub(super) fn processor(world: &World<'_>, path: &Path, elf: &Elf) -> Option<Failure> {
    let (has, needed) = (world.machine.level?, Level::needed(elf.x86_isa_needed?));
    (needed > has).then(|| {
        let (shown, needed, has) = (escape_path(path), needed.name(), has.name());
        let message = format!("{shown} is built for {needed}, and this processor is {has}");
        Failure::new(FailureKind::ProcessorTooOld, path, message)
    })
}

/// The loader of a program, if the kernel takes it.
fn loader(
    world: &World<'_>,
    program: &Found,
    elf: &Elf,
    interpreter: &[u8],
) -> Result<(Found, Arc<Object>), Ended> {
    let path = Path::new("/").join(std::ffi::OsStr::from_bytes(interpreter));
    let (shown, name) = (escape_path(&program.path), escape(interpreter));
    let refused = |kind, what: &str, looked: Option<Looked>| {
        let message = format!("{shown} needs the loader {name}, which {what}");
        let mut failure = Failure::new(kind, &program.path, message);
        failure.looked = looked;
        Box::new(Start::Refused(failure))
    };
    let found = match world.resolve(&path) {
        Fact::Known(found) => found,
        Fact::Absent(looked) => {
            let kind = FailureKind::LoaderMissing;
            return Err(refused(kind, "does not exist", Some(looked)));
        }
        other => return Err(Box::new(no_answer(&path, other))),
    };
    let broken = |what: &str| refused(FailureKind::LoaderBroken, what, None);
    if found.meta.kind != FileKind::File {
        return Err(broken(&format!("is {}", found.meta.kind.noun())));
    }
    if !found.meta.any_execute_bit() {
        return Err(broken("is not executable"));
    }
    let object = match world.object(&found) {
        Fact::Known(object) => object,
        other => return Err(Box::new(no_answer(&path, other))),
    };
    match &object.elf {
        Err(_) if object.len == 0 => Err(broken("is empty")),
        Err(problem) => Err(broken(&format!("is damaged: {problem}"))),
        Ok(its) if (its.class, its.machine) != (elf.class, elf.machine) => {
            Err(broken("is for another kind of processor"))
        }
        Ok(its) => match cut(its) {
            Some(cut) => Err(broken(&format!("is {cut}"))),
            None => Ok((found, object)),
        },
    }
}

/// What `env` is asked to run by a script: `#!/usr/bin/env NAME`.
fn check_env(world: &World<'_>, env: &Path, argument: &[u8], script: &Found) -> Result<(), Ended> {
    let Some(name) = asked_of_env(argument) else {
        return Ok(());
    };
    let name = Path::new(std::ffi::OsStr::from_bytes(name));
    let mut tried = Vec::new();
    let mut uncovered: Option<Why> = None;
    let candidates: Vec<PathBuf> = if name.components().count() > 1 {
        vec![Path::new("/").join(name)]
    } else {
        DEFAULT_DIRS
            .iter()
            .map(|dir| Path::new(dir).join(name))
            .collect()
    };
    for path in candidates {
        match world.resolve(&path) {
            Fact::Known(found) if found.meta.kind == FileKind::File => return Ok(()),
            Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) => tried.push(path),
            Fact::Unknown(unknown) => return Err(Box::new(Start::Unknown(unknown))),
            Fact::NotCovered(why) => uncovered = Some(why),
        }
    }
    if let Some(why) = uncovered {
        return Err(Box::new(Start::NotCovered(why)));
    }
    let (by, env, name) = (
        escape_path(&script.path),
        escape_path(env),
        escape_path(name),
    );
    let message = format!("{by} asks {env} for {name}, which is nowhere on the usual path");
    let kind = FailureKind::CommandMissing;
    let failure = Failure::new(kind, &script.path, message).looked(Looked {
        paths: tried,
        notes: Vec::new(),
    });
    Err(Box::new(Start::Dies(failure)))
}

/// The program among the words for `env`; without `-S` there is only one word.
fn asked_of_env(argument: &[u8]) -> Option<&[u8]> {
    let (split, rest) = match argument.strip_prefix(b"-S") {
        Some(rest) => (true, rest),
        None => match argument.strip_prefix(b"--split-string=") {
            Some(rest) => (true, rest),
            None => (false, argument),
        },
    };
    if !split {
        let is_name = !rest.starts_with(b"-") && !rest.contains(&b'=');
        return is_name.then_some(rest);
    }
    let mut words = rest.split(|byte| *byte == b' ' || *byte == b'\t');
    words.find(|word| !word.is_empty() && !word.starts_with(b"-") && !word.contains(&b'='))
}
