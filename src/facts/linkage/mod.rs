//! What a program needs before its first own instruction: the interpreter of a
//! script, the loader of a dynamic program, its shared libraries and the versions of
//! symbols in them.
//!
//! The kernel's part follows Linux 6.1 `fs/exec.c`, `fs/binfmt_script.c` and
//! `fs/binfmt_elf.c`, the loader's glibc 2.36 `elf/rtld.c`, `elf/dl-load.c` and
//! `elf/dl-version.c`, or musl 1.2 `ldso/dynlink.c`. Directories compiled into a
//! loader are read out of that very loader.
//!
//! Not seen: libraries opened later by name (`dlopen`: PAM, NSS), symbols without
//! versions, what the program does once it runs.

mod cpu;
mod exec;
mod glibc;
mod musl;
mod object;
mod tokens;
mod versions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::fact::{Doubt, Fact, Looked, Unknown, Why};
use crate::parse::elf::Architecture;
use crate::source::{FileKind, Found, Tree};

pub use cpu::{Level, level_of};
use object::Object;

/// Largest program or library that is read, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Where programs and libraries are read from: a tree, or what an initrd holds.
pub trait Files: Sync {
    /// What stands at `path`, links followed.
    fn resolve(&self, path: &Path) -> Fact<Found>;

    /// The bytes of the regular file `found`.
    fn read(&self, found: &Found) -> Fact<Vec<u8>>;
}

impl Files for Tree {
    fn resolve(&self, path: &Path) -> Fact<Found> {
        Self::resolve(self, path)
    }

    fn read(&self, found: &Found) -> Fact<Vec<u8>> {
        if found.meta.kind != FileKind::File {
            let doubt = Doubt::NotRegular(found.meta.kind.noun());
            return Fact::Unknown(Unknown::new(&found.path, doubt));
        }
        if found.meta.len > MAX_BYTES {
            let doubt = Doubt::Limit(format!("more than {} MiB of program", MAX_BYTES >> 20));
            return Fact::Unknown(Unknown::new(&found.path, doubt));
        }
        // The head, all of it: not kept in the tree's memory like files that are quoted.
        self.read_head(&found.path, found.meta.len)
            .map(|file| file.bytes().to_vec())
    }
}

/// Under what the programs will run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The kernel's architecture, where it is known.
    pub kernel: Option<Architecture>,
    /// How much the processor can, where it is known.
    pub level: Option<Level>,
}

/// What a program needs, and whether it gets it.
#[derive(Debug)]
pub struct Linkage {
    /// The program as it was asked for.
    pub program: PathBuf,
    /// What the kernel executes in turn: scripts, then a program; links followed.
    pub steps: Vec<PathBuf>,
    /// The program's loader, links followed; none for a static program.
    pub loader: Option<PathBuf>,
    /// What the loader maps beside the program, in its order.
    pub libraries: Vec<Library>,
    /// How it starts.
    pub start: Start,
    /// What else is wrong behind the first failure.
    pub more: Vec<Failure>,
    /// What the loader complains about and does without (`/etc/ld.so.preload`).
    pub ignored: Vec<Failure>,
    /// The oldest Linux that program and loader ask for.
    pub minimum_kernel: Option<[u32; 3]>,
}

/// A library as the loader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The name that was asked for.
    pub name: Vec<u8>,
    /// The path it was found at.
    pub path: PathBuf,
    /// Who asked for it first.
    pub asked_by: PathBuf,
}

/// How a program starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// As far as is looked at, it does.
    Runs,
    /// Nothing stands there.
    Missing(Looked),
    /// The kernel does not execute it.
    Refused(Failure),
    /// It is executed, and ends before it has done anything.
    Dies(Failure),
    /// Could not look.
    Unknown(Unknown),
    /// The tree does not hold something that it needs.
    NotCovered(Why),
}

/// Why a program does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// The file at fault, or that asks for what is missing.
    pub object: PathBuf,
    /// A sentence without a final dot.
    pub message: String,
    /// Where was looked for what is missing.
    pub looked: Option<Looked>,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A directory, a device and so on (EACCES).
    NotRegular,
    /// No execute bit (EACCES).
    NotExecutable,
    /// No bytes (ENOEXEC).
    Empty,
    /// Neither a program nor a script (ENOEXEC).
    NotAProgram,
    /// For another kind of processor (ENOEXEC).
    WrongArchitecture,
    /// A script's interpreter is not there (ENOENT).
    InterpreterMissing,
    /// Scripts that are interpreters of scripts, too many of them (ELOOP).
    InterpreterLoop,
    /// The loader named in a program is not there (ENOENT).
    LoaderMissing,
    /// The loader is no loader for this program (ELIBBAD).
    LoaderBroken,
    /// Shorter than its own headers say: it dies where it touches what is missing.
    Truncated,
    /// What `env` is asked to run is not on the path.
    CommandMissing,
    /// A library is not there.
    LibraryMissing,
    /// A library is damaged.
    LibraryBroken,
    /// A version of symbols is not in the library.
    VersionMissing,
    /// Loader and C library are not of one build.
    LoaderSkew,
    /// The processor is too old for it.
    ProcessorTooOld,
}

impl Failure {
    fn new(kind: FailureKind, object: &Path, message: String) -> Self {
        Self {
            kind,
            object: object.to_path_buf(),
            message,
            looked: None,
        }
    }

    fn looked(mut self, looked: Looked) -> Self {
        self.looked = Some(looked);
        self
    }
}

impl Linkage {
    const fn new(program: PathBuf, start: Start) -> Self {
        Self {
            program,
            steps: Vec::new(),
            loader: None,
            libraries: Vec::new(),
            start,
            more: Vec::new(),
            ignored: Vec::new(),
            minimum_kernel: None,
        }
    }

    /// Why it does not start, where it is known that it does not; a missing program
    /// has no failure of its own.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match &self.start {
            Start::Refused(failure) | Start::Dies(failure) => Some(failure),
            Start::Runs | Start::Missing(_) | Start::Unknown(_) | Start::NotCovered(_) => None,
        }
    }

    /// What was executed last: the program itself, or the interpreter of a script.
    #[must_use]
    pub fn executed(&self) -> &Path {
        self.steps.last().map_or(&*self.program, PathBuf::as_path)
    }
}

/// What is known of the programs of one set of files: each object is read once.
#[derive(Debug, Default)]
pub struct Linker {
    objects: Mutex<BTreeMap<PathBuf, Fact<Arc<Object>>>>,
    programs: Mutex<BTreeMap<PathBuf, Arc<Linkage>>>,
}

impl Linker {
    /// What the program at `path` needs.
    pub fn of(&self, files: &dyn Files, machine: Machine, path: &Path) -> Arc<Linkage> {
        let known = |map: &BTreeMap<PathBuf, Arc<Linkage>>| map.get(path).cloned();
        let programs = || self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(linkage) = known(&programs()) {
            return linkage;
        }
        let world = World {
            files,
            machine,
            linker: self,
        };
        let linkage = Arc::new(exec::start(&world, path));
        programs().insert(path.to_path_buf(), Arc::clone(&linkage));
        linkage
    }
}

/// The files with everything that is asked about them.
struct World<'a> {
    files: &'a dyn Files,
    machine: Machine,
    linker: &'a Linker,
}

impl World<'_> {
    fn resolve(&self, path: &Path) -> Fact<Found> {
        self.files.resolve(path)
    }

    /// What the file `found` is, read once.
    fn object(&self, found: &Found) -> Fact<Arc<Object>> {
        let objects = || {
            let objects = &self.linker.objects;
            objects.lock().unwrap_or_else(PoisonError::into_inner)
        };
        let known = |map: &BTreeMap<PathBuf, Fact<Arc<Object>>>| map.get(&found.path).cloned();
        if let Some(object) = known(&objects()) {
            return object;
        }
        let bytes = self.files.read(found);
        let object = bytes.map(|bytes| Arc::new(Object::read(&bytes)));
        objects().insert(found.path.clone(), object.clone());
        object
    }
}

#[cfg(test)]
mod tests;
