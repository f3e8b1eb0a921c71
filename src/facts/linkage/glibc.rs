//! How glibc's loader finds libraries (glibc 2.36 `elf/rtld.c`, `elf/dl-load.c`,
//! `elf/dl-deps.c`, with Debian's patch that passes over other machines).
//!
//! | place | searched |
//! |---|---|
//! | `DT_RPATH` | of the asker, of who loaded that, and so on, then of the program; unless the asker has a `DT_RUNPATH` |
//! | `DT_RUNPATH` | of the asker alone |
//! | `/etc/ld.so.cache` | an entry for this architecture, if the file is there |
//! | compiled in | in that order; not with `DF_1_NODEFLIB` |
//!
//! A file of another class or machine is passed over; an empty, cut or damaged one
//! ends the program, even where a good one stands behind it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cpu::directories as hwcaps_of;
use super::exec::{cut, processor};
use super::object::{Flavour, Ident, Object, cache_flags};
use super::tokens::{Tokens, directories, expand, lib_of, platform_of};
use super::{Failure, FailureKind, Library, Linkage, Start, World, versions};
use crate::fact::{Doubt, Fact, Looked, Unknown, Why};
use crate::parse::elf::{Elf, Kind, Problem};
use crate::parse::ld_cache::{self, Cache, Wanted};
use crate::source::{FileKind, Found};
use crate::text::{escape, escape_path};

/// Libraries of one program at most.
const MAX_LIBRARIES: usize = 2_000;

/// Something the loader has mapped.
pub(super) struct Mapped {
    /// Names it answers to.
    pub(super) names: Vec<Vec<u8>>,
    /// The path it was found at.
    pub(super) path: PathBuf,
    /// The same, links followed.
    physical: PathBuf,
    /// Device and inode: the same file is mapped once.
    identity: (u64, u64),
    pub(super) object: Arc<Object>,
    /// Who had it loaded, by place in the list.
    asked_by: Option<usize>,
}

/// What a search came to.
enum Hit {
    /// This file.
    File(PathBuf, Found, Arc<Object>),
    /// A file that ends the program.
    Fatal(Failure),
    /// Nothing.
    None,
}

/// Why a search has no answer.
enum Open {
    Unknown(Unknown),
    NotCovered(Why),
}

struct Search<'a, 'b> {
    world: &'a World<'b>,
    ident: Ident,
    system: &'a [PathBuf],
    cache: Option<Cache>,
    flags: &'static [u32],
    hwcaps: Vec<&'static str>,
    tokens: Tokens,
    mapped: Vec<Mapped>,
    /// Where the present search has looked.
    looked: Vec<PathBuf>,
    /// Whether it saw a file of another class.
    other_class: bool,
}

/// Finds everything that `program` needs.
pub(super) fn load(
    world: &World<'_>,
    program: &Found,
    elf: &Elf,
    loader: &Found,
    its_object: &Arc<Object>,
    linkage: &mut Linkage,
) {
    let (Some(Flavour::Glibc { directories, cache }), Some(ident)) =
        (&its_object.flavour, its_object.ident)
    else {
        return;
    };
    let Fact::Known(object) = world.object(program) else {
        return;
    };
    let mapped = |names: Vec<Vec<u8>>, path: &Path, found: &Found, object: &Arc<Object>| Mapped {
        names,
        path: path.to_path_buf(),
        physical: found.path.clone(),
        identity: (found.meta.dev, found.meta.ino),
        object: Arc::clone(object),
        asked_by: None,
    };
    let asked = elf.interpreter.as_deref().unwrap_or(b"");
    let asked_path = Path::new(OsStr::from_bytes(asked));
    let mut names = vec![asked.to_vec()];
    if let Ok(its) = &its_object.elf {
        names.extend(its.soname.clone());
    }
    let mut search = Search {
        world,
        ident,
        system: directories,
        cache: None,
        flags: cache_flags(elf),
        // The directories below glibc-hwcaps came with the banner, in 2.33.
        hwcaps: match its_object.glibc {
            Some(_) => hwcaps_of(elf.architecture(), world.machine.level),
            None => Vec::new(),
        },
        tokens: Tokens {
            origin: PathBuf::new(),
            lib: lib_of(directories),
            platform: platform_of(elf.architecture()),
        },
        mapped: vec![
            mapped(Vec::new(), &program.path, program, &object),
            mapped(names, asked_path, loader, its_object),
        ],
        looked: Vec::new(),
        other_class: false,
    };
    let ended = search
        .read_cache(cache, elf)
        .and_then(|()| search.preload(linkage))
        .and_then(|preloaded| search.closure(preloaded, linkage));
    if let Err(open) = ended {
        linkage.start = match open {
            Open::Unknown(unknown) => Start::Unknown(unknown),
            Open::NotCovered(why) => Start::NotCovered(why),
        };
    }
    linkage.libraries = search.libraries();
    if linkage.start != Start::Runs {
        return;
    }
    let mut failures = std::mem::take(&mut linkage.more).into_iter();
    if let Some(first) = failures.next() {
        linkage.start = Start::Dies(first);
        linkage.more = failures.collect();
    }
}

impl Search<'_, '_> {
    fn read_cache(&mut self, path: &Path, elf: &Elf) -> Result<(), Open> {
        match self.world.resolve(path) {
            Fact::Known(found) => match self.world.files.read(&found) {
                // What is no cache is passed over.
                Fact::Known(bytes) => self.cache = ld_cache::parse(&bytes, elf.endian).ok(),
                Fact::Unknown(unknown) => return Err(Open::Unknown(unknown)),
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
            },
            Fact::Unknown(unknown) => return Err(Open::Unknown(unknown)),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
        Ok(())
    }

    /// Maps what `/etc/ld.so.preload` names; what cannot be mapped is passed over.
    fn preload(&mut self, linkage: &mut Linkage) -> Result<Vec<usize>, Open> {
        let path = Path::new("/etc/ld.so.preload");
        let bytes = match self.world.resolve(path) {
            Fact::Known(found) => match self.world.files.read(&found) {
                Fact::Known(bytes) => bytes,
                Fact::Unknown(unknown) => return Err(Open::Unknown(unknown)),
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(Vec::new()),
            },
            Fact::Unknown(unknown) => return Err(Open::Unknown(unknown)),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(Vec::new()),
        };
        let mut preloaded = Vec::new();
        let lines = bytes.split(|byte| *byte == b'\n');
        let live = lines.map(|line| line.split(|byte| *byte == b'#').next().unwrap_or(&[]));
        let words = live.flat_map(|line| line.split(|byte| b" \t:".contains(byte)));
        for word in words.filter(|word| !word.is_empty()).take(64) {
            match self.map(word, 0)? {
                Ok(Some(index)) if index > 1 && !preloaded.contains(&index) => {
                    preloaded.push(index);
                }
                Ok(_) => {}
                Err(mut failure) => {
                    failure.object = path.to_path_buf();
                    linkage.ignored.push(failure);
                }
            }
        }
        Ok(preloaded)
    }

    /// Breadth first, as the loader does it (`_dl_map_object_deps`).
    fn closure(&mut self, preloaded: Vec<usize>, linkage: &mut Linkage) -> Result<(), Open> {
        let mut queue = vec![0];
        queue.extend(preloaded);
        let mut at = 0;
        while let Some(&asker) = queue.get(at) {
            at += 1;
            if queue.len() > MAX_LIBRARIES {
                let doubt = Doubt::Limit(format!("more than {MAX_LIBRARIES} libraries"));
                return Err(Open::Unknown(Unknown::new(&linkage.program, doubt)));
            }
            let needed = match self.mapped.get(asker).map(|mapped| &mapped.object.elf) {
                Some(Ok(elf)) => elf.needed.clone(),
                _ => Vec::new(),
            };
            for name in needed {
                match self.map(&name, asker)? {
                    Ok(Some(index)) if !queue.contains(&index) => queue.push(index),
                    Ok(_) => {}
                    Err(failure) => linkage.more.push(failure),
                }
            }
        }
        linkage.more.extend(versions::check(&self.mapped));
        for mapped in &self.mapped {
            if let Ok(elf) = &mapped.object.elf {
                linkage
                    .more
                    .extend(processor(self.world, &mapped.path, elf));
            }
        }
        Ok(())
    }

    /// Maps the library `name` for `asker`: its place in the list.
    fn map(&mut self, name: &[u8], asker: usize) -> Result<Result<Option<usize>, Failure>, Open> {
        let answers = |mapped: &Mapped| {
            let soname = match &mapped.object.elf {
                Ok(elf) => elf.soname.as_deref(),
                Err(_) => None,
            };
            mapped.names.iter().any(|known| known == name) || soname == Some(name)
        };
        if let Some(known) = self.mapped.iter().position(answers) {
            return Ok(Ok(Some(known)));
        }
        self.looked.clear();
        self.other_class = false;
        let (path, found, object) = match self.search(name, asker)? {
            Hit::File(path, found, object) => (path, found, object),
            Hit::Fatal(failure) => return Ok(Err(failure)),
            Hit::None => return Ok(Err(self.missing(name, asker))),
        };
        let identity = (found.meta.dev, found.meta.ino);
        let same = |mapped: &Mapped| match identity {
            (0, _) | (_, 0) => mapped.physical == found.path,
            identity => mapped.identity == identity,
        };
        if let Some(known) = self.mapped.iter().position(same) {
            if let Some(mapped) = self.mapped.get_mut(known) {
                mapped.names.push(name.to_vec());
            }
            return Ok(Ok(Some(known)));
        }
        self.mapped.push(Mapped {
            names: vec![name.to_vec()],
            path,
            physical: found.path,
            identity,
            object,
            asked_by: Some(asker),
        });
        Ok(Ok(Some(self.mapped.len() - 1)))
    }

    fn missing(&self, name: &[u8], asker: usize) -> Failure {
        let object = self.path_of(asker);
        let (by, name) = (escape_path(&object), escape(name));
        let what = if self.other_class {
            "which is only there for another kind of processor"
        } else {
            "which the loader does not find"
        };
        let message = format!("{by} needs {name}, {what}");
        Failure::new(FailureKind::LibraryMissing, &object, message).looked(Looked {
            paths: self.looked.clone(),
            notes: Vec::new(),
        })
    }

    fn path_of(&self, index: usize) -> PathBuf {
        let mapped = self.mapped.get(index);
        mapped.map_or_else(PathBuf::new, |mapped| mapped.path.clone())
    }

    fn elf_of(&self, index: usize) -> Option<&Elf> {
        self.mapped.get(index)?.object.elf.as_ref().ok()
    }

    fn search(&mut self, name: &[u8], asker: usize) -> Result<Hit, Open> {
        if name.contains(&b'/') {
            let tokens = self.tokens_of(asker);
            return match expand(name, &tokens) {
                Some(path) => self.verify(&Path::new("/").join(path)),
                None => Ok(Hit::None),
            };
        }
        let mut places = Vec::new();
        let has_runpath = self.elf_of(asker).is_some_and(|elf| elf.runpath.is_some());
        if !has_runpath {
            let mut at = Some(asker);
            let mut seen_program = false;
            while let Some(index) = at {
                seen_program |= index == 0;
                places.extend(self.rpath_of(index));
                at = self.mapped.get(index).and_then(|mapped| mapped.asked_by);
            }
            if !seen_program {
                places.extend(self.rpath_of(0));
            }
        }
        let runpath = self.elf_of(asker).and_then(|elf| elf.runpath.clone());
        if let Some(list) = runpath {
            places.extend(directories(&list, b":", &self.tokens_of(asker)));
        }
        match self.in_directories(&places, name)? {
            Hit::None => {}
            hit => return Ok(hit),
        }
        let no_default = self
            .elf_of(asker)
            .is_some_and(|elf| elf.no_default_directories);
        match self.in_cache(name, no_default)? {
            Hit::None => {}
            hit => return Ok(hit),
        }
        if no_default {
            return Ok(Hit::None);
        }
        let system = self.system;
        self.in_directories(system, name)
    }

    fn rpath_of(&self, index: usize) -> Vec<PathBuf> {
        match self.elf_of(index) {
            // With a DT_RUNPATH beside it, DT_RPATH counts for nothing.
            Some(elf) if elf.runpath.is_none() => match &elf.rpath {
                Some(list) => directories(list, b":", &self.tokens_of(index)),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn tokens_of(&self, index: usize) -> Tokens {
        let path = self.path_of(index);
        let origin = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Tokens {
            origin,
            ..self.tokens.clone()
        }
    }

    fn in_directories(&mut self, places: &[PathBuf], name: &[u8]) -> Result<Hit, Open> {
        let name = OsStr::from_bytes(name);
        // A processor that is not known may have its own libraries used, not needed.
        let known = self.world.machine.level.is_some();
        let levels = self.hwcaps.clone();
        for place in places {
            for level in levels.iter().filter(|_| known) {
                let path = place.join("glibc-hwcaps").join(level).join(name);
                match self.verify(&path)? {
                    Hit::None => {}
                    hit => return Ok(hit),
                }
            }
            let path = place.join(name);
            match self.verify(&path)? {
                Hit::None => self.looked.push(path),
                hit => return Ok(hit),
            }
        }
        Ok(Hit::None)
    }

    fn in_cache(&mut self, name: &[u8], no_default: bool) -> Result<Hit, Open> {
        let Some(cache) = &self.cache else {
            return Ok(Hit::None);
        };
        let none: &[&str] = &[];
        let levels = match self.world.machine.level {
            Some(_) => &*self.hwcaps,
            None => none,
        };
        let wanted = Wanted {
            name,
            flags: self.flags,
            levels,
        };
        let Some(path) = cache.lookup(&wanted) else {
            return Ok(Hit::None);
        };
        let path = PathBuf::from(OsStr::from_bytes(path));
        let bytes = path.as_os_str().as_bytes();
        let system = |dir: &PathBuf| bytes.starts_with(dir.as_os_str().as_bytes());
        if no_default && self.system.iter().any(system) {
            return Ok(Hit::None);
        }
        let hit = self.verify(&path)?;
        if matches!(hit, Hit::None) && !self.looked.contains(&path) {
            self.looked.push(path);
        }
        Ok(hit)
    }

    /// Whether the loader would take the file at `path` (`open_verify`).
    fn verify(&mut self, path: &Path) -> Result<Hit, Open> {
        let found = match self.world.resolve(path) {
            Fact::Known(found) => found,
            Fact::Absent(_) | Fact::Broken(_) => return Ok(Hit::None),
            Fact::Unknown(unknown) => return Err(Open::Unknown(unknown)),
            Fact::NotCovered(why) => return Err(Open::NotCovered(why)),
        };
        let shown = escape_path(path);
        let fatal = |what: String| {
            let message = format!("{shown} {what}");
            Ok(Hit::Fatal(Failure::new(
                FailureKind::LibraryBroken,
                path,
                message,
            )))
        };
        if found.meta.kind != FileKind::File {
            return fatal(format!("is {}, not a library", found.meta.kind.noun()));
        }
        let object = match self.world.object(&found) {
            Fact::Known(object) => object,
            Fact::Unknown(unknown) => return Err(Open::Unknown(unknown)),
            Fact::NotCovered(why) => return Err(Open::NotCovered(why)),
            Fact::Absent(_) | Fact::Broken(_) => return Ok(Hit::None),
        };
        if object.len == 0 {
            return fatal("is empty".to_owned());
        }
        if !object.has_whole_header() {
            return fatal(format!("is cut off: {} bytes", object.len));
        }
        let Some(ident) = object.ident else {
            return fatal("is no ELF file".to_owned());
        };
        if ident.class != self.ident.class {
            self.other_class = true;
            return Ok(Hit::None);
        }
        if ident.machine != self.ident.machine {
            return Ok(Hit::None);
        }
        let elf = match &object.elf {
            Ok(elf) => elf,
            Err(problem) => return fatal(format!("is damaged: {problem}")),
        };
        if let Some(cut) = cut(elf) {
            return fatal(format!("is {cut}"));
        }
        match elf.kind {
            Kind::Shared => {}
            Kind::Executable => return fatal("is a program, not a library".to_owned()),
            Kind::Other(_) => return fatal("is an ELF file that cannot be loaded".to_owned()),
        }
        if !elf.is_dynamic || elf.problems.contains(&Problem::BadDynamic) {
            return fatal("is damaged: its dynamic section is broken".to_owned());
        }
        Ok(Hit::File(path.to_path_buf(), found, object))
    }

    /// What was mapped beside the program, but for the loader.
    fn libraries(&self) -> Vec<Library> {
        let mapped = self.mapped.iter().skip(2);
        let library = |mapped: &Mapped| Library {
            name: mapped.names.first().cloned().unwrap_or_else(Vec::new),
            path: mapped.path.clone(),
            asked_by: self.path_of(mapped.asked_by.unwrap_or(0)),
        };
        mapped.map(library).collect()
    }
}
