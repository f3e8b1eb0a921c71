//! How musl's loader finds libraries (musl 1.2 `ldso/dynlink.c`).
//!
//! | quirk | what the loader does |
//! |---|---|
//! | `libc.`, `libpthread.`, `librt.`, `libm.`, `libdl.`, `libutil.`, `libxnet.` | are the loader itself |
//! | `DT_RPATH`, `DT_RUNPATH` | of the asker and of all who led to it; `DT_RUNPATH` goes first |
//! | `/etc/ld-musl-ARCH.path` | replaces the compiled-in list; newlines separate too |
//! | the first file of that name | is taken, whatever it is |
//! | versions of symbols | are not checked |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::exec::cut;
use super::tokens::{Tokens, directories};
use super::{Failure, FailureKind, Library, Linkage, Start, World};
use crate::fact::{Fact, Looked};
use crate::parse::elf::{Elf, Kind};
use crate::source::{FileKind, Found};
use crate::text::{escape, escape_path};

/// Libraries of one program at most.
const MAX_LIBRARIES: usize = 2_000;

const RESERVED: [&[u8]; 7] = [
    b"libc.",
    b"libpthread.",
    b"librt.",
    b"libm.",
    b"libdl.",
    b"libutil.",
    b"libxnet.",
];

/// Something the loader has mapped.
struct Mapped {
    /// The file's name, where it was searched for.
    short: Option<Vec<u8>>,
    path: PathBuf,
    physical: PathBuf,
    needed: Vec<Vec<u8>>,
    search: Vec<PathBuf>,
    asked_by: usize,
}

/// Finds everything that `program` needs; the loader comes with its compiled-in list
/// and the name of its configuration.
pub(super) fn load(
    world: &World<'_>,
    program: &Found,
    elf: &Elf,
    (loader, compiled, config): (&Found, &[u8], &Path),
    linkage: &mut Linkage,
) {
    let none = Tokens {
        origin: PathBuf::from("/"),
        lib: Vec::new(),
        platform: Vec::new(),
    };
    let configured = match world.resolve(config) {
        Fact::Known(found) => match world.files.read(&found) {
            Fact::Known(bytes) => Some(bytes),
            Fact::Unknown(unknown) => {
                linkage.start = Start::Unknown(unknown);
                return;
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
        },
        Fact::Unknown(unknown) => {
            linkage.start = Start::Unknown(unknown);
            return;
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
    };
    let list = configured.as_deref().unwrap_or(compiled);
    // Empty elements are passed over here.
    let elements = list.split(|byte| *byte == b':' || *byte == b'\n');
    let list: Vec<&[u8]> = elements.filter(|element| !element.is_empty()).collect();
    let system = directories(&list.join(&b':'), b":", &none);
    let mut mapped = vec![Mapped {
        short: None,
        path: program.path.clone(),
        physical: program.path.clone(),
        needed: elf.needed.clone(),
        search: search_of(elf, &program.path),
        asked_by: 0,
    }];
    let mut at = 0;
    while at < mapped.len().min(MAX_LIBRARIES) {
        let needed = mapped.get(at).map_or_else(Vec::new, |m| m.needed.clone());
        for name in needed {
            match find(world, loader, &system, &mapped, &name, at) {
                Ok(Some(next)) => mapped.push(next),
                Ok(None) => {}
                Err(Start::Dies(failure)) => linkage.more.push(failure),
                Err(start) => {
                    linkage.start = start;
                    return;
                }
            }
        }
        at += 1;
    }
    let path_of = |index: usize| {
        mapped
            .get(index)
            .map_or_else(PathBuf::new, |m| m.path.clone())
    };
    linkage.libraries = mapped
        .iter()
        .skip(1)
        .map(|m| Library {
            name: m
                .short
                .clone()
                .unwrap_or_else(|| m.path.as_os_str().as_bytes().to_vec()),
            path: m.path.clone(),
            asked_by: path_of(m.asked_by),
        })
        .collect();
    let mut failures = std::mem::take(&mut linkage.more).into_iter();
    if let Some(first) = failures.next() {
        linkage.start = Start::Dies(first);
        linkage.more = failures.collect();
    }
}

/// The directories an object adds to the search.
fn search_of(elf: &Elf, path: &Path) -> Vec<PathBuf> {
    let Some(list) = elf.runpath.as_ref().or(elf.rpath.as_ref()) else {
        return Vec::new();
    };
    let tokens = Tokens {
        origin: path.parent().map_or_else(PathBuf::new, Path::to_path_buf),
        lib: Vec::new(),
        platform: Vec::new(),
    };
    directories(list, b":\n", &tokens)
}

/// The library `name` for the object at `asker`: none where it is mapped already.
fn find(
    world: &World<'_>,
    loader: &Found,
    system: &[PathBuf],
    mapped: &[Mapped],
    name: &[u8],
    asker: usize,
) -> Result<Option<Mapped>, Start> {
    if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
        return Ok(None);
    }
    let has_slash = name.contains(&b'/');
    if !has_slash && mapped.iter().any(|m| m.short.as_deref() == Some(name)) {
        return Ok(None);
    }
    let file = OsStr::from_bytes(name);
    let mut places = Vec::new();
    if has_slash {
        places.push(Path::new("/").join(file));
    } else {
        let mut at = asker;
        while let Some(object) = mapped.get(at) {
            places.extend(object.search.iter().map(|dir| dir.join(file)));
            if at == 0 {
                break;
            }
            at = object.asked_by;
        }
        places.extend(system.iter().map(|dir| dir.join(file)));
    }
    let by = mapped.get(asker).map_or(&*loader.path, |m| &*m.path);
    for path in &places {
        let found = match world.resolve(path) {
            Fact::Known(found) => found,
            Fact::Absent(_) | Fact::Broken(_) => continue,
            Fact::Unknown(unknown) => return Err(Start::Unknown(unknown)),
            Fact::NotCovered(why) => return Err(Start::NotCovered(why)),
        };
        if found.path == loader.path || mapped.iter().any(|m| m.physical == found.path) {
            return Ok(None);
        }
        return take(world, path, found, name, has_slash, asker).map(Some);
    }
    let (shown, name) = (escape_path(by), escape(name));
    let message = format!("{shown} needs {name}, which the loader does not find");
    let failure = Failure::new(FailureKind::LibraryMissing, by, message);
    Err(Start::Dies(failure.looked(Looked {
        paths: places,
        notes: Vec::new(),
    })))
}

/// The file that was found, if it can be mapped.
fn take(
    world: &World<'_>,
    path: &Path,
    found: Found,
    name: &[u8],
    has_slash: bool,
    asker: usize,
) -> Result<Mapped, Start> {
    let broken = |what: String| {
        let message = format!("{} {what}", escape_path(path));
        Start::Dies(Failure::new(FailureKind::LibraryBroken, path, message))
    };
    if found.meta.kind != FileKind::File {
        return Err(broken(format!(
            "is {}, not a library",
            found.meta.kind.noun()
        )));
    }
    let object = match world.object(&found) {
        Fact::Known(object) => object,
        Fact::Unknown(unknown) => return Err(Start::Unknown(unknown)),
        Fact::NotCovered(why) => return Err(Start::NotCovered(why)),
        Fact::Absent(_) | Fact::Broken(_) => return Err(broken("cannot be read".to_owned())),
    };
    let elf = match &object.elf {
        Ok(elf) => elf,
        Err(_) if object.len == 0 => return Err(broken("is empty".to_owned())),
        Err(problem) => return Err(broken(format!("is damaged: {problem}"))),
    };
    if let Some(cut) = cut(elf) {
        return Err(broken(format!("is {cut}")));
    }
    if let Kind::Other(_) = elf.kind {
        return Err(broken("is an ELF file that cannot be loaded".to_owned()));
    }
    Ok(Mapped {
        short: (!has_slash).then(|| name.to_vec()),
        path: path.to_path_buf(),
        needed: elf.needed.clone(),
        search: search_of(elf, path),
        physical: found.path,
        asked_by: asker,
    })
}
