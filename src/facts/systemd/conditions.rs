//! Which conditions of units hold, as far as files tell (systemd 257
//! `src/shared/condition.c`).

use std::path::Path;

use super::cmdline::{Words, boolean};
use super::settings::Condition;
use crate::fact::Fact;
use crate::source::{FileKind, Tree};

/// What is known of the machine a condition asks about.
pub(super) struct Machine<'a> {
    /// The tree.
    pub(super) tree: &'a Tree,
    /// The kernel command line, where it is known.
    pub(super) words: Option<&'a Words>,
    /// Inside a container.
    pub(super) container: bool,
    /// Whether it is the first boot of the machine.
    pub(super) first_boot: Option<bool>,
}

/// Whether a list of conditions holds; none where that stays open
/// (`condition_test_list`).
pub(super) fn holds(list: &[Condition], machine: &Machine<'_>) -> Option<bool> {
    let mut open = false;
    let mut any_trigger = None;
    for condition in list {
        let result = test(condition, machine).map(|result| result != condition.negate);
        match (condition.trigger, result) {
            (false, Some(false)) => return Some(false),
            (false, None) => open = true,
            (false, Some(true)) => {}
            (true, result) => {
                let before = any_trigger.unwrap_or(Some(false));
                any_trigger = Some(match (before, result) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                });
            }
        }
    }
    match any_trigger {
        Some(Some(false)) => Some(false),
        Some(None) => None,
        Some(Some(true)) | None if open => None,
        Some(Some(true)) | None => Some(true),
    }
}

/// The first condition that is false for certain.
pub(super) fn first_false<'a>(
    list: &'a [Condition],
    machine: &Machine<'_>,
) -> Option<&'a Condition> {
    let is_false = |c: &&Condition| test(c, machine).is_some_and(|result| result == c.negate);
    list.iter().find(|c| !c.trigger && is_false(c))
}

/// Directories whose content is made at every boot.
const RUNTIME: [&str; 6] = ["/dev", "/proc", "/sys", "/run", "/var/run", "/tmp"];

fn test(condition: &Condition, machine: &Machine<'_>) -> Option<bool> {
    if condition.open {
        return None;
    }
    let parameter = condition.parameter.as_str();
    let path = Path::new(parameter);
    let made_at_boot = RUNTIME.iter().any(|dir| path.starts_with(dir));
    let kind = |path: &Path| match machine.tree.resolve(path) {
        Fact::Known(found) => Some(Some(found.meta)),
        Fact::Absent(_) => Some(None),
        Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
    };
    match condition.kind.as_str() {
        "PathExists" if !made_at_boot => kind(path).map(|meta| meta.is_some()),
        "PathIsDirectory" if !made_at_boot => {
            kind(path).map(|meta| meta.is_some_and(|m| m.kind == FileKind::Dir))
        }
        "PathIsSymbolicLink" if !made_at_boot => match machine.tree.lstat(path) {
            Fact::Known(found) => Some(found.meta.kind == FileKind::Link),
            Fact::Absent(_) => Some(false),
            Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        },
        "FileNotEmpty" if !made_at_boot => {
            kind(path).map(|meta| meta.is_some_and(|m| m.kind == FileKind::File && m.len > 0))
        }
        "FileIsExecutable" if !made_at_boot => {
            kind(path).map(|meta| meta.is_some_and(|m| m.is_program()))
        }
        "DirectoryNotEmpty" if !made_at_boot => match machine.tree.list(path) {
            Fact::Known(names) => Some(!names.is_empty()),
            Fact::Absent(_) => Some(false),
            Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        },
        "KernelCommandLine" => {
            let words = machine.words?;
            Some(words.iter().any(|(key, value)| match value {
                Some(value) => key == parameter || format!("{key}={value}") == parameter,
                None => key == parameter,
            }))
        }
        "FirstBoot" => Some(boolean(parameter)? == machine.first_boot?),
        "Virtualization" if machine.container => match parameter {
            "container" | "yes" | "true" => Some(true),
            "vm" | "no" | "false" => Some(false),
            _ => None,
        },
        "Virtualization" if parameter == "container" => Some(false),
        "User" => match parameter {
            "root" | "0" | "@system" => Some(true),
            _ => Some(false),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};
    use crate::text::{File, Span};

    fn condition(text: &str) -> Condition {
        let (trigger, text) = text.strip_prefix('|').map_or((false, text), |t| (true, t));
        let (kind, value) = text.split_once('=').unwrap();
        let (negate, value) = value
            .strip_prefix('!')
            .map_or((false, value), |v| (true, v));
        Condition {
            kind: kind.to_owned(),
            parameter: value.to_owned(),
            trigger,
            negate,
            open: false,
            place: File::new("/x", "").place(Span::new(0, 0)),
        }
    }

    #[test]
    fn conditions_are_true_false_or_open() {
        let mut source = MemSource::new();
        source.file("/etc/here", "x").file("/etc/empty", "");
        let tree = Tree::for_tests(source, Coverage::full(true));
        let words = Words::parse(b"quiet single a=b");
        let machine = Machine {
            tree: &tree,
            words: Some(&words),
            container: false,
            first_boot: Some(false),
        };
        let ask = |list: &[&str]| {
            let list: Vec<Condition> = list.iter().map(|text| condition(text)).collect();
            holds(&list, &machine)
        };
        assert_eq!(ask(&[]), Some(true));
        assert_eq!(ask(&["PathExists=/etc/here"]), Some(true));
        assert_eq!(ask(&["PathExists=!/etc/here"]), Some(false));
        assert_eq!(ask(&["FileNotEmpty=/etc/empty"]), Some(false));
        assert_eq!(ask(&["PathExists=/dev/tty0"]), None);
        assert_eq!(
            ask(&["PathExists=/dev/tty0", "PathExists=/gone"]),
            Some(false)
        );
        assert_eq!(ask(&["KernelCommandLine=a=b"]), Some(true));
        assert_eq!(ask(&["KernelCommandLine=a"]), Some(true));
        assert_eq!(ask(&["KernelCommandLine=rescue"]), Some(false));
        assert_eq!(
            ask(&["|PathExists=/gone", "|PathExists=/etc/here"]),
            Some(true)
        );
        assert_eq!(ask(&["|PathExists=/gone", "|Security=selinux"]), None);
        assert_eq!(ask(&["|PathExists=/gone"]), Some(false));
        assert_eq!(ask(&["Virtualization=!container"]), Some(true));
    }
}
