//! The menu: which entry starts, and what every entry would start
//! (GRUB 2.06 `grub-core/normal/menu.c`).

use std::sync::Arc;

use super::Platform;
use super::default::{Choice, Names, Number, below, choose, number, to_int};
use super::machine::{Body, End, Loaded, Machine, MenuEntry};
use super::value::{is_open, shown};
use crate::boot::{Entry, Loader, NextBoot, ProblemKind, Prompt, Step, Timeout};
use crate::fact::{Doubt, Unknown};
use crate::text::{Place, Span, escape};

/// Menus inside menus.
const MENUS: usize = 16;
/// Entries listed.
const LISTED: usize = 2000;

/// Chooses and starts an entry; with `list`, gives every entry too.
pub(super) fn finish(mut machine: Machine<'_>, list: bool) -> (NextBoot, Machine<'_>) {
    let mut next = NextBoot::nothing();
    if machine.end.is_none() {
        machine.end = Some(End::Menu);
    }
    if list && matches!(machine.end, Some(End::Menu)) {
        let mut copy = machine.clone();
        copy.decisions.settled = true;
        let mut left = LISTED;
        all_entries(&mut copy, &[], &[], &mut next.entries, &mut left);
        machine.steps = copy.steps;
        machine.problems = copy.problems;
        machine.open = copy.open;
    }
    start(&mut machine, &mut next);
    next.problems.append(&mut machine.problems.clone());
    next.open.append(&mut machine.open.clone());
    next.problems.dedup();
    (next, machine)
}

fn start(machine: &mut Machine<'_>, next: &mut NextBoot) {
    let mut position = Vec::new();
    let mut submenus = Vec::new();
    for _ in 0..MENUS {
        match machine.end.take() {
            Some(End::Menu) | None => {}
            Some(end) => return ended(machine, end, next),
        }
        let menu = std::mem::take(&mut machine.context.menu);
        let top = position.is_empty();
        wait(machine, next);
        let Some((index, chosen)) = select(machine, &menu, top, next) else {
            return;
        };
        position.push(index);
        if chosen.users.is_some() && machine.get(b"superusers").is_some() {
            let superusers = machine
                .get(b"superusers")
                .and_then(|v| v.from.last().cloned());
            next.stops_at_prompt = Some(Prompt {
                why: "a superuser is set and the entry is not --unrestricted: GRUB asks for a \
                     user name and a password"
                    .into(),
                place: Some(superusers.unwrap_or_else(|| chosen.place.clone())),
            });
        }
        if chosen.submenu {
            enter(machine, &chosen);
            submenus.push(chosen.title.clone());
            run(machine, &chosen);
            if machine.end.is_none() && machine.context.menu.is_empty() {
                next.stops_at_prompt = Some(Prompt {
                    why: "the submenu is empty: GRUB comes back to its menu and waits".into(),
                    place: Some(chosen.place.clone()),
                });
                return;
            }
            continue;
        }
        machine.loaded = Loaded::default();
        run(machine, &chosen);
        let mut entry = entry_of(machine, &chosen);
        entry.position.clone_from(&position);
        entry.submenus.clone_from(&submenus);
        let end = machine.end.take();
        match &end {
            Some(End::Menu) => entry.loader = Loader::Menu,
            Some(End::Firmware(_)) => entry.loader = Loader::Firmware,
            Some(End::PowerOff(_)) => entry.loader = Loader::PowerOff,
            _ => {}
        }
        if entry.loader == Loader::Nothing && end.is_none() {
            next.stops_at_prompt = Some(Prompt {
                why: "the entry loads nothing: GRUB comes back to its menu and waits".into(),
                place: Some(entry.place.clone()),
            });
            machine.problem(
                ProblemKind::NothingLoaded,
                entry.place.clone(),
                "the entry that starts by default loads no kernel and no other program",
            );
        }
        next.entry = Some(entry);
        match end {
            Some(End::Menu) => {
                machine.end = Some(End::Menu);
                submenus.push(chosen.title.clone());
            }
            Some(End::Prompt(_) | End::Lost(_)) => {
                if let Some(end) = end {
                    ended(machine, end, next);
                }
                return;
            }
            _ => return,
        }
    }
    machine.lose(format!("more than {MENUS} menus inside each other"));
    if let Some(end) = machine.end.take() {
        ended(machine, end, next);
    }
}

/// An evaluation that ended without a menu.
fn ended(machine: &Machine<'_>, end: End, next: &mut NextBoot) {
    let step = |text: &str, place: &Place| Step {
        text: text.to_owned(),
        place: Some(place.clone()),
    };
    match end {
        End::Menu => {}
        End::Boot(place) => {
            next.how
                .push(step("boot, before any menu is shown", &place));
            let mut entry = Entry::new(Vec::new(), Vec::new(), place);
            fill(&mut entry, &machine.loaded);
            next.entry = Some(entry);
        }
        End::Prompt(prompt) => next.stops_at_prompt = Some(prompt),
        End::Firmware(place) => {
            next.how
                .push(step("GRUB gives control back to the firmware", &place));
            let mut entry = Entry::new(Vec::new(), Vec::new(), place);
            entry.loader = Loader::Firmware;
            next.entry = Some(entry);
        }
        End::PowerOff(place) => {
            next.how.push(step(
                "the configuration turns the machine off or restarts it",
                &place,
            ));
            let mut entry = Entry::new(Vec::new(), Vec::new(), place);
            entry.loader = Loader::PowerOff;
            next.entry = Some(entry);
        }
        End::Lost(unknown) => {
            next.open.push(unknown);
            if let Some(entry) = &mut next.entry {
                entry.certain = false;
            }
        }
    }
}

/// What the menu waits for (`grub_menu_get_timeout`): an unset, empty or negative
/// value means for ever.
fn wait(machine: &Machine<'_>, next: &mut NextBoot) {
    let variable = machine.get(b"timeout");
    let value = variable.map(|v| v.value.as_slice());
    let timeout = match value {
        Some(value) if is_open(value) => Timeout::Open,
        Some(value) => match number(value) {
            Number::Value(value, _) => match u32::try_from(to_int(value)) {
                Ok(seconds) => Timeout::Seconds(seconds),
                Err(_) => Timeout::Forever,
            },
            Number::None | Number::Overflow => Timeout::Forever,
        },
        None => Timeout::Forever,
    };
    next.timeout = match (next.timeout, timeout) {
        (Timeout::Seconds(before), Timeout::Seconds(now)) => {
            Timeout::Seconds(before.saturating_add(now))
        }
        (Timeout::Forever, _) | (_, Timeout::Forever) => Timeout::Forever,
        _ => Timeout::Open,
    };
    if timeout == Timeout::Forever && next.stops_at_prompt.is_none() {
        let place = variable.and_then(|v| v.from.last().cloned());
        let why = match value {
            None => "timeout is not set: the menu waits for a key for ever".to_owned(),
            Some(value) => {
                let value = shown(value);
                format!("timeout is \"{value}\": the menu waits for a key for ever")
            }
        };
        next.stops_at_prompt = Some(Prompt { why, place });
    }
}

/// The entry `default` selects; `None` where there is no entry.
fn select(
    machine: &mut Machine<'_>,
    menu: &[Arc<MenuEntry>],
    top: bool,
    next: &mut NextBoot,
) -> Option<(usize, Arc<MenuEntry>)> {
    let file = machine.file.place(Span::new(0, machine.file.bytes().len()));
    if menu.is_empty() {
        next.timeout = Timeout::Forever;
        next.stops_at_prompt = Some(Prompt {
            why: "the configuration defines no entry: GRUB stops at its command line".into(),
            place: Some(file.clone()),
        });
        machine.problem(ProblemKind::NoEntries, file, "no menu entry is defined");
        return None;
    }
    let variable = machine.get(b"default").cloned();
    let value = variable.as_ref().map(|v| v.value.as_slice());
    let from = variable.as_ref().map_or_else(Vec::new, |v| v.from.clone());
    let place = from.last().cloned();
    let fallback = machine.get(b"fallback").map(|v| v.value.clone());
    if top {
        next.fallback = numbers(fallback.as_deref().unwrap_or(&[]));
        next.how.extend(from.into_iter().map(|place| Step {
            text: escape(place.bytes().trim_ascii()),
            place: Some(place),
        }));
        one_shot(machine);
    }
    if value.is_some_and(is_open) {
        let doubt = Doubt::CannotModel("the default depends on what only the machine knows".into());
        let unknown = match &place {
            Some(place) => Unknown::at(place.clone(), doubt),
            None => Unknown::new(machine.file.path(), doubt),
        };
        next.open.push(unknown);
        return None;
    }
    let names: Vec<Names<'_>> = menu
        .iter()
        .map(|e| Names {
            title: &e.title,
            id: &e.id,
        })
        .collect();
    let mut choice = choose(value, &names, machine.facts.dialect);
    // A long has 32 bits on a PC BIOS: what is larger is an error, not cut off.
    if machine.facts.platform == Some(Platform::Pc)
        && let Some(Number::Value(wide, _)) = value.map(number)
        && u32::try_from(wide).is_err()
    {
        choice = Choice::OutOfRange;
    }
    let index = choice.index();
    let text = value.map_or_else(String::new, shown);
    let at = place.unwrap_or(file);
    match choice {
        Choice::Unmatched | Choice::OutOfRange if top || value.is_some() => {
            let message = if choice == Choice::Unmatched {
                format!("no entry has the title or id \"{text}\": GRUB starts the first")
            } else {
                format!("there is no entry number {text}: GRUB starts the first")
            };
            machine.problem(ProblemKind::DefaultUnmatched, at, message);
        }
        Choice::Number(_) => {
            let digits = value.unwrap_or(&[]);
            if let Number::Value(_, end) = number(digits)
                && !matches!(digits.get(end), None | Some(b'>'))
            {
                let message = format!(
                    "\"{text}\" begins with a digit, so GRUB takes it as number {index}, not as \
                     a title"
                );
                machine.problem(ProblemKind::DefaultIsNumber, at, message);
            }
        }
        _ => {}
    }
    let chosen = menu.get(index).cloned()?;
    next.how.push(Step {
        text: format!("entry {index}: {}", escape(&chosen.title)),
        place: Some(chosen.place.clone()),
    });
    Some((index, chosen))
}

fn one_shot(machine: &mut Machine<'_>) {
    let Some(env) = machine.env else { return };
    if let Some(once) = env.get(b"next_entry").filter(|v| !v.value.is_empty()) {
        let message = format!(
            "next_entry asks for \"{}\" at the next boot only",
            escape(&once.value)
        );
        let place = once.place.clone();
        machine.problem(ProblemKind::OneShot, place, message);
    }
}

fn numbers(value: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Number::Value(value, end) = number(rest) {
        match usize::try_from(to_int(value)) {
            Ok(index) if found.len() < 100 => found.push(index),
            _ => break,
        }
        rest = rest.get(end..).unwrap_or(&[]);
    }
    found
}

/// The context of a submenu: exported variables, no waiting, and the rest of the
/// default's path.
fn enter(machine: &mut Machine<'_>, submenu: &MenuEntry) {
    let default = machine.get(b"default").cloned();
    machine.open_context();
    machine.set(b"timeout", b"0".to_vec(), vec![submenu.place.clone()]);
    match default.as_ref().map(|d| below(&d.value)) {
        Some(Some(rest)) => {
            let from = default.as_ref().map_or_else(Vec::new, |d| d.from.clone());
            machine.set(b"default", rest.to_vec(), from);
        }
        // Red Hat's GRUB leaves an exported default in force.
        _ if machine.is_red_hat() => {}
        _ => {
            machine.context.variables.remove(&b"default"[..]);
        }
    }
}

fn run(machine: &mut Machine<'_>, entry: &MenuEntry) {
    match &entry.body {
        Body::Block(file, body) => machine.run_body(file, body, entry.arguments.clone()),
        Body::Entry(loaded) => machine.loaded = (**loaded).clone(),
        Body::Source => {
            let doubt = Doubt::CannotModel("an entry made by --source is not followed".into());
            machine.open.push(Unknown::at(entry.place.clone(), doubt));
        }
    }
}

fn entry_of(machine: &Machine<'_>, source: &MenuEntry) -> Entry {
    let mut entry = Entry::new(
        source.title.clone(),
        source.id.clone(),
        source.place.clone(),
    );
    entry.login = source
        .users
        .clone()
        .filter(|_| machine.get(b"superusers").is_some());
    entry.certain = !matches!(source.body, Body::Source) && !machine.decisions.guessed;
    fill(&mut entry, &machine.loaded);
    entry
}

fn fill(entry: &mut Entry, loaded: &Loaded) {
    entry.loader = loaded.loader.clone().unwrap_or(Loader::Nothing);
    entry.kernel.clone_from(&loaded.kernel);
    entry.initrds.clone_from(&loaded.initrds);
    entry.cmdline.clone_from(&loaded.cmdline);
    entry.devicetree.clone_from(&loaded.devicetree);
}

/// Every entry of the menu shown and of its submenus, each run on a copy.
fn all_entries(
    machine: &mut Machine<'_>,
    position: &[usize],
    submenus: &[Vec<u8>],
    found: &mut Vec<Entry>,
    left: &mut usize,
) {
    if position.len() >= MENUS {
        return;
    }
    let menu = std::mem::take(&mut machine.context.menu);
    machine.end = None;
    for (index, source) in menu.iter().enumerate() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let mut copy = machine.clone();
        copy.loaded = Loaded::default();
        copy.decisions.guessed = false;
        let position = [position, &[index]].concat();
        if source.submenu {
            enter(&mut copy, source);
            run(&mut copy, source);
            let submenus = [submenus, std::slice::from_ref(&source.title)].concat();
            all_entries(&mut copy, &position, &submenus, found, left);
        } else {
            run(&mut copy, source);
            let mut entry = entry_of(&copy, source);
            entry.position = position;
            entry.submenus = submenus.to_vec();
            match &copy.end {
                Some(End::Menu) => entry.loader = Loader::Menu,
                Some(End::Firmware(_)) => entry.loader = Loader::Firmware,
                Some(End::PowerOff(_)) => entry.loader = Loader::PowerOff,
                Some(End::Lost(_) | End::Prompt(_)) => entry.certain = false,
                _ => {}
            }
            found.push(entry);
        }
        machine.steps = copy.steps;
        machine.problems = copy.problems;
        machine.open = copy.open;
    }
}
