//! GRUB Legacy: `default`, `fallback`, `saved` and the title blocks (GRUB 0.97
//! `stage2/builtins.c`, `stage2/stage2.c`).

use std::sync::Arc;

use super::{
    CommandLine, Entry, Loader, NextBoot, Problem, ProblemKind, Prompt, Root, RootSpec, Step,
    Timeout, Written,
};
use crate::boot::grub::default::{Number, number};
use crate::fact::{Doubt, Unknown};
use crate::parse::grub_legacy::{Line, parse};
use crate::text::{File, Place, Span, escape};

/// What is started next by `main`. `saved` is the number in the file `default` beside
/// it, where that was read.
#[must_use]
pub fn grub_legacy(main: &Arc<File>, saved: Option<usize>) -> NextBoot {
    let mut next = NextBoot::nothing();
    let lines = parse(main);
    let start = lines.iter().position(|line| line.command == "title");
    let (settings, blocks) = lines.split_at(start.unwrap_or(lines.len()));
    let mut root = Root::loader();
    let mut current: Option<Entry> = None;
    for line in blocks {
        if line.command == "title" {
            next.entries.extend(current.take());
            root = Root::loader();
            let title = line.value.clone();
            current = Some(Entry::new(title.clone(), title, line.place.clone()));
        } else if let Some(entry) = &mut current {
            in_block(entry, line, &mut root);
        }
    }
    next.entries.extend(current);
    for (index, entry) in next.entries.iter_mut().enumerate() {
        entry.position = vec![index];
    }
    choose(main, settings, saved, &mut next);
    next
}

fn in_block(entry: &mut Entry, line: &Line, root: &mut Root) {
    let mut words = line
        .value
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .skip_while(|word| word.starts_with(b"--"));
    let first = words.next().unwrap_or(&[]);
    match line.command.as_str() {
        "root" | "rootnoverify" | "uuid" => {
            let device = first.strip_prefix(b"(").and_then(|d| d.strip_suffix(b")"));
            let spec = if line.command == "uuid" {
                RootSpec::Uuid(first.to_vec())
            } else {
                RootSpec::Device(device.unwrap_or(first).to_vec())
            };
            *root = Root {
                spec,
                otherwise: None,
                place: Some(line.place.clone()),
            };
        }
        "kernel" => {
            entry.loader = Loader::Linux("kernel".into());
            entry.kernel = Some(written(first, root, &line.place));
            let text = words.collect::<Vec<_>>().join(&b' ');
            let place = line.place.clone();
            entry.cmdline = Some(CommandLine { text, place });
        }
        "initrd" => entry.initrds = vec![written(first, root, &line.place)],
        "chainloader" => {
            entry.loader = Loader::Chain;
            entry.kernel = Some(written(first, root, &line.place));
        }
        "configfile" => entry.loader = Loader::Menu,
        "halt" | "reboot" => entry.loader = Loader::PowerOff,
        "lock" => entry.login = Some(Vec::new()),
        "password" => entry.login = Some(Vec::new()),
        _ => {}
    }
}

fn written(word: &[u8], root: &Root, place: &Place) -> Written {
    let end = word.iter().position(|b| *b == b')');
    let device = end.filter(|_| word.starts_with(b"("));
    let (root, path) = match device {
        Some(end) => {
            let spec = RootSpec::Device(word.get(1..end).unwrap_or(&[]).to_vec());
            let place = Some(place.clone());
            let root = Root {
                spec,
                otherwise: None,
                place,
            };
            (root, word.get(end + 1..).unwrap_or(&[]))
        }
        None => (root.clone(), word),
    };
    Written {
        path: path.to_vec(),
        root,
        place: place.clone(),
    }
}

fn choose(main: &Arc<File>, settings: &[Line], saved: Option<usize>, next: &mut NextBoot) {
    let last = |name: &str| settings.iter().rev().find(|line| line.command == name);
    let whole = || main.place(Span::new(0, main.bytes().len()));
    let count = |value: &[u8]| match number(value) {
        Number::Value(value, _) => usize::try_from(value).ok(),
        Number::None | Number::Overflow => None,
    };
    next.timeout = match last("timeout").map(|line| number(&line.value)) {
        Some(Number::Value(seconds, _)) => match u32::try_from(seconds) {
            Ok(seconds) => Timeout::Seconds(seconds),
            Err(_) => Timeout::Forever,
        },
        _ => Timeout::Forever,
    };
    if next.timeout == Timeout::Forever {
        next.stops_at_prompt = Some(Prompt {
            why: "no timeout: the menu waits for a key for ever".into(),
            place: last("timeout").map(|line| line.place.clone()),
        });
    }
    next.fallback = last("fallback").map_or_else(Vec::new, |line| {
        let words = line.value.split(u8::is_ascii_whitespace);
        words.filter_map(count).collect()
    });
    let default = last("default");
    next.how.extend(default.map(|line| Step {
        text: escape(line.place.bytes().trim_ascii()),
        place: Some(line.place.clone()),
    }));
    let index = match default {
        Some(line) if line.value.trim_ascii() == b"saved" => match saved {
            Some(index) => index,
            None => {
                let doubt = "which entry was saved is in the file named default beside the menu";
                let doubt = Doubt::CannotModel(doubt.into());
                next.open.push(Unknown::at(line.place.clone(), doubt));
                return;
            }
        },
        Some(line) => count(&line.value).unwrap_or(0),
        None => 0,
    };
    if next.entries.is_empty() {
        next.stops_at_prompt = Some(Prompt {
            why: "no title: GRUB stops at its command line".into(),
            place: Some(whole()),
        });
        next.problems.push(Problem {
            kind: ProblemKind::NoEntries,
            place: whole(),
            message: "no entry is defined".into(),
        });
        return;
    }
    let Some(entry) = next.entries.get(index).cloned() else {
        let place = default.map_or_else(whole, |line| line.place.clone());
        next.problems.push(Problem {
            kind: ProblemKind::DefaultUnmatched,
            place: place.clone(),
            message: format!("there is no entry number {index}"),
        });
        let doubt = Doubt::CannotModel("what GRUB Legacy does past the last entry".into());
        next.open.push(Unknown::at(place, doubt));
        return;
    };
    if entry.login.is_some() {
        next.stops_at_prompt = Some(Prompt {
            why: "the entry is locked: GRUB asks for a password".into(),
            place: Some(entry.place.clone()),
        });
    } else if entry.loader == Loader::Nothing {
        next.problems.push(Problem {
            kind: ProblemKind::NothingLoaded,
            place: entry.place.clone(),
            message: "the entry that starts by default loads nothing".into(),
        });
    }
    next.entry = Some(entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MENU: &str = "default 1\nfallback 0 2\ntimeout 5\nhiddenmenu\n\
        title First\nroot (hd0,0)\nkernel /vmlinuz-1 root=/dev/sda2 ro\ninitrd /initrd-1\n\
        title Second\nuuid abcd-1\nkernel --no-mem-option /boot/vmlinuz-2 root=/dev/sda2\n\
        title Windows\nrootnoverify (hd0,1)\nchainloader +1\n";

    fn boots(text: &str, saved: Option<usize>) -> NextBoot {
        grub_legacy(&File::new("/boot/grub/menu.lst", text), saved)
    }

    #[test]
    fn grub_legacy_counts_entries_from_zero_and_keeps_their_root() {
        let next = boots(MENU, None);
        let entry = next.entry.unwrap();
        assert_eq!(entry.title, b"Second");
        let kernel = entry.kernel.unwrap();
        assert_eq!(kernel.path, b"/boot/vmlinuz-2");
        assert_eq!(kernel.root.spec, RootSpec::Uuid(b"abcd-1".to_vec()));
        assert_eq!(next.timeout, Timeout::Seconds(5));
        assert_eq!(next.fallback, [0, 2]);
        let first = &next.entries[0];
        assert_eq!(
            first.initrds[0].root.spec,
            RootSpec::Device(b"hd0,0".to_vec())
        );
        assert_eq!(first.cmdline.as_ref().unwrap().text, b"root=/dev/sda2 ro");
        assert_eq!(next.entries[2].loader, Loader::Chain);
    }

    #[test]
    fn grub_legacy_without_the_saved_number_leaves_the_choice_open() {
        let text = MENU.replace("default 1", "default saved");
        assert!(boots(&text, None).entry.is_none());
        assert_eq!(boots(&text, None).open.len(), 1);
        assert_eq!(boots(&text, Some(0)).entry.unwrap().title, b"First");
    }

    #[test]
    fn grub_legacy_without_a_timeout_waits_for_ever() {
        let next = boots("title A\nkernel /vmlinuz\n", None);
        assert_eq!(next.timeout, Timeout::Forever);
        assert!(next.stops_at_prompt.is_some());
        assert!(boots("", None).entry.is_none());
    }
}
