//! extlinux, syslinux and U-Boot's reader of the same file (Syslinux 6.03
//! `com32/elflink/ldlinux/readconfig.c`, `ldlinux.c`; U-Boot `boot/pxe_utils.c`).

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::{
    BootFiles, CommandLine, Entry, Loader, NextBoot, Problem, ProblemKind, Prompt, Root, RootSpec,
    Step, Timeout, Written,
};
use crate::fact::{Doubt, Fact, Unknown};
use crate::parse::extlinux::{Directive, included, parse};
use crate::text::{File, Place, Span, escape};

/// Files included from files.
const INCLUDES: usize = 16;
/// Lines in all of them.
const LINES: usize = 100_000;

/// Who reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Syslinux, extlinux, isolinux, pxelinux.
    Syslinux,
    /// U-Boot.
    UBoot,
}

#[derive(Default)]
struct Settings {
    default: Option<(Vec<u8>, Place)>,
    menu_default: Option<(Vec<u8>, Place)>,
    on_timeout: Option<(Vec<u8>, Place)>,
    ui: Option<Place>,
    prompt: Option<(u32, Place)>,
    timeout: Option<(u32, Place)>,
    total: u32,
    append: Option<CommandLine>,
}

/// What is started next by `main`, which lies in `dir` of its own file system.
#[must_use]
pub fn extlinux(main: &Arc<File>, dir: &Path, files: &dyn BootFiles, reader: Reader) -> NextBoot {
    let mut next = NextBoot::nothing();
    let mut lines = Vec::new();
    collect(main, dir, files, 0, &mut lines, &mut next);
    let mut settings = Settings::default();
    read(dir, &lines, &mut settings, &mut next);
    for (index, entry) in next.entries.iter_mut().enumerate() {
        entry.position = vec![index];
    }
    if main.bytes().iter().all(u8::is_ascii_whitespace) {
        problem(
            &mut next,
            ProblemKind::Empty,
            whole(main),
            "the configuration is empty",
        );
    }
    wait(&settings, reader, &mut next);
    select(main, dir, &settings, reader, &mut next);
    next
}

fn whole(file: &Arc<File>) -> Place {
    file.place(Span::new(0, file.bytes().len()))
}

fn problem(next: &mut NextBoot, kind: ProblemKind, place: Place, message: impl Into<String>) {
    let message = message.into();
    next.problems.push(Problem {
        kind,
        place,
        message,
    });
}

fn collect(
    file: &Arc<File>,
    dir: &Path,
    files: &dyn BootFiles,
    depth: usize,
    lines: &mut Vec<Directive>,
    next: &mut NextBoot,
) {
    for directive in parse(file) {
        if lines.len() >= LINES {
            return;
        }
        let include = matches!(directive.keyword.as_str(), "include" | "menu include");
        if !include {
            lines.push(directive);
            continue;
        }
        if depth >= INCLUDES {
            let doubt = Doubt::Limit(format!("more than {INCLUDES} files inside each other"));
            next.open.push(Unknown::at(directive.place, doubt));
            return;
        }
        let path = included(dir, &directive.value);
        match files.file(&RootSpec::Loader, &path) {
            Fact::Known(inner) => collect(&inner, dir, files, depth + 1, lines, next),
            Fact::Absent(_) => {
                let message = format!("{} is not there: nothing is included", path.display());
                problem(next, ProblemKind::FileMissing, directive.place, message);
            }
            Fact::Unknown(unknown) => next.open.push(unknown),
            Fact::Broken(fault) => next.open.push(fault.into()),
            Fact::NotCovered(why) => {
                let doubt = Doubt::CannotModel(format!("{}: {why}", path.display()));
                next.open.push(Unknown::at(directive.place, doubt));
            }
        }
    }
}

fn read(dir: &Path, lines: &[Directive], settings: &mut Settings, next: &mut NextBoot) {
    let mut current: Option<Entry> = None;
    for line in lines {
        let value = (line.value.clone(), line.place.clone());
        let number = || {
            let text = std::str::from_utf8(&line.value).ok()?;
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().ok()
        };
        match line.keyword.as_str() {
            "default" => settings.default = Some(value),
            "ontimeout" => settings.on_timeout = Some(value),
            "ui" => settings.ui = Some(line.place.clone()),
            "prompt" => settings.prompt = number().map(|n| (n, line.place.clone())),
            "timeout" => settings.timeout = number().map(|n| (n, line.place.clone())),
            "totaltimeout" => settings.total = number().unwrap_or(0),
            "label" => {
                finish(dir, current.take(), settings, next);
                let name = line.value.clone();
                let known = next.entries.iter().any(|e| e.id == name);
                if known {
                    let message = "an earlier label has the same name: only that one is found";
                    problem(next, ProblemKind::DuplicateId, line.place.clone(), message);
                }
                current = Some(Entry::new(name.clone(), name, line.place.clone()));
            }
            "append" => {
                let cmdline = CommandLine {
                    text: line.value.clone(),
                    place: line.place.clone(),
                };
                match &mut current {
                    Some(entry) => entry.cmdline = Some(cmdline),
                    None => settings.append = Some(cmdline),
                }
            }
            "menu default" => {
                settings.menu_default = current
                    .as_ref()
                    .map(|entry| (entry.id.clone(), line.place.clone()));
            }
            _ => {
                if let Some(entry) = &mut current {
                    in_label(dir, entry, line);
                }
            }
        }
    }
    finish(dir, current, settings, next);
}

fn in_label(dir: &Path, entry: &mut Entry, line: &Directive) {
    let one = || {
        line.value
            .split(u8::is_ascii_whitespace)
            .next()
            .unwrap_or(&[])
    };
    match line.keyword.as_str() {
        "kernel" | "linux" => {
            entry.loader = Loader::Linux(line.keyword.clone());
            entry.kernel = Some(written(dir, one(), &line.place));
        }
        "com32" | "boot" | "bss" | "pxe" | "fdimage" | "config" | "fit" => {
            entry.loader = Loader::Other(line.keyword.clone());
            entry.kernel = Some(written(dir, one(), &line.place));
        }
        "localboot" => entry.loader = Loader::Firmware,
        "initrd" => entry.initrds = initrds(dir, one(), &line.place),
        "fdt" | "devicetree" | "fdtdir" | "devicetreedir" => {
            entry.devicetree = Some(written(dir, one(), &line.place));
        }
        "menu label" => entry.title = line.value.iter().copied().filter(|b| *b != b'^').collect(),
        _ => {}
    }
}

fn written(dir: &Path, path: &[u8], place: &Place) -> Written {
    let path = if path.starts_with(b"/") {
        path.to_vec()
    } else {
        [dir.as_os_str().as_bytes(), b"/", path].concat()
    };
    Written {
        path,
        root: Root::loader(),
        place: place.clone(),
    }
}

fn initrds(dir: &Path, list: &[u8], place: &Place) -> Vec<Written> {
    let paths = list.split(|b| *b == b',').filter(|path| !path.is_empty());
    paths.map(|path| written(dir, path, place)).collect()
}

/// Completes an entry: the global APPEND, and `initrd=` in its own.
fn finish(dir: &Path, entry: Option<Entry>, settings: &Settings, next: &mut NextBoot) {
    let Some(mut entry) = entry else { return };
    if entry.cmdline.is_none() {
        entry.cmdline.clone_from(&settings.append);
    }
    if let Some(line) = entry.cmdline.clone() {
        // A single dash means: nothing, not even the global one.
        if line.text == b"-" {
            entry.cmdline = None;
        }
        let mut words = line.text.split(u8::is_ascii_whitespace);
        let given = words.rfind(|word| word.starts_with(b"initrd="));
        if let Some(list) = given.and_then(|word| word.strip_prefix(b"initrd="))
            && entry.initrds.is_empty()
        {
            entry.initrds = initrds(dir, list, &line.place);
        }
    }
    next.entries.push(entry);
}

fn wait(settings: &Settings, reader: Reader, next: &mut NextBoot) {
    // Tenths of a second, rounded up.
    let tenths = settings.timeout.as_ref().map_or(0, |(tenths, _)| *tenths);
    let tenths = if tenths == 0 { settings.total } else { tenths };
    let asks = settings.prompt.as_ref().filter(|(n, _)| *n != 0);
    let waits = match reader {
        Reader::Syslinux => settings.ui.is_some() || asks.is_some(),
        Reader::UBoot => asks.is_some() || tenths > 0,
    };
    if !waits {
        return;
    }
    if tenths > 0 {
        next.timeout = Timeout::Seconds(tenths.div_ceil(10));
        return;
    }
    next.timeout = Timeout::Forever;
    let timeout = settings.timeout.as_ref().map(|(_, place)| place.clone());
    let asked = asks.map(|(_, place)| place.clone());
    next.stops_at_prompt = Some(Prompt {
        why: "a prompt or menu without a timeout waits for a key for ever".into(),
        place: timeout.or(asked).or(settings.ui.clone()),
    });
}

fn select(main: &Arc<File>, dir: &Path, settings: &Settings, reader: Reader, next: &mut NextBoot) {
    let menu = settings.ui.is_some() || reader == Reader::UBoot;
    let timed = matches!(next.timeout, Timeout::Seconds(seconds) if seconds > 0);
    let on_timeout = settings
        .on_timeout
        .as_ref()
        .filter(|_| timed && reader == Reader::Syslinux);
    let marked = settings.menu_default.as_ref().filter(|_| menu);
    let wanted = on_timeout.or(marked).or(settings.default.as_ref());
    let Some((name, place)) = wanted else {
        if next.entries.is_empty() {
            next.stops_at_prompt = Some(Prompt {
                why: "no label and no default: the loader stops at its prompt".into(),
                place: Some(whole(main)),
            });
            problem(
                next,
                ProblemKind::NoEntries,
                whole(main),
                "no label is defined",
            );
        } else if menu {
            next.how.push(Step {
                text: "no default: the first label".into(),
                place: next.entries.first().map(|e| e.place.clone()),
            });
            next.entry = next.entries.first().cloned();
        } else {
            // The built-in default names a kernel called linux.
            next.entry = next.entries.iter().find(|e| e.id == b"linux").cloned();
            if next.entry.is_none() {
                next.stops_at_prompt = Some(Prompt {
                    why: "no DEFAULT: the loader looks for a kernel named linux and stops at \
                         its prompt"
                        .into(),
                    place: Some(whole(main)),
                });
            }
        }
        return;
    };
    next.how.push(Step {
        text: escape(place.bytes().trim_ascii()),
        place: Some(place.clone()),
    });
    let first = name.split(u8::is_ascii_whitespace).next().unwrap_or(&[]);
    let found = next.entries.iter().find(|e| e.id == *name || e.id == first);
    if let Some(found) = found {
        next.entry = Some(found.clone());
        return;
    }
    let message = match reader {
        Reader::UBoot => {
            next.entry = next.entries.first().cloned();
            format!("no label {}: U-Boot takes the first", escape(name))
        }
        Reader::Syslinux => {
            // A name that is no label is the command line of a kernel file.
            let mut entry = Entry::new(name.clone(), name.clone(), place.clone());
            entry.loader = Loader::Linux("default".into());
            entry.kernel = Some(written(dir, first, place));
            let text = name.get(first.len()..).unwrap_or(&[]).trim_ascii().to_vec();
            let place = place.clone();
            entry.cmdline = Some(CommandLine { text, place });
            next.entry = Some(entry);
            format!(
                "no label {}: it is taken as the name of a kernel file",
                escape(name)
            )
        }
    };
    problem(next, ProblemKind::DefaultUnmatched, place.clone(), message);
}

#[cfg(test)]
mod tests;
