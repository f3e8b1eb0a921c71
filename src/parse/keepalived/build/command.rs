//! Hooks and scripts (keepalived `lib/notify.c`, `notify_script_init`,
//! `set_script_params_array`).

use super::super::mapped::Mapped;
use super::super::model::{Command, Notify, NotifyKind, Text};
use super::super::problem::ProblemKind;
use super::super::report::Report;
use super::super::version::Dialect;
use super::super::words::{CommandFault, Escapes, command_words};
use super::Given;

/// Reads the command of a keyword line, as the version splits it; `None` where
/// keepalived sets none. A hook without a command is fatal, a script is not.
pub(super) fn command(
    given: Given<'_>,
    needed: bool,
    dialect: Dialect,
    report: &mut Report,
) -> Option<Command> {
    if !dialect.exec_hooks() {
        return shell_command(given, dialect);
    }
    let (first, second) = if dialect.keeps_escapes_in_hooks() {
        (Escapes::Keep, Escapes::Two)
    } else {
        (Escapes::All, Escapes::All)
    };
    let mut split = |text: &Mapped, escapes| match command_words(text, escapes) {
        Ok(words) => Some(words),
        Err(fault) => {
            tell(fault, given, report);
            None
        }
    };
    let words = split(&given.line.text, first)?;
    let Some(line) = words.get(1) else {
        if needed {
            let message = "the quotes make keyword and command one word, so the command is missing: keepalived ends here";
            report.fatal(ProblemKind::MissingParameter, given.place(), message);
        }
        return None;
    };
    let argv = split(&line.text, second)?;
    let text = |text: &Mapped| Text {
        value: text.bytes().to_vec(),
        place: given.line.file.place(text.whole()),
    };
    if argv.is_empty() {
        let message = "the command is empty: it is ignored";
        report.problem(ProblemKind::BadCommand, given.place(), message);
        return None;
    }
    let user = words.get(2..).unwrap_or(&[]).iter();
    Some(Command {
        place: given.place(),
        line: text(&line.text),
        argv: argv.iter().map(|word| text(&word.text)).collect(),
        user: user.map(|word| text(&word.text)).collect(),
        quoted: line.quoted,
    })
}

/// Before 2.0.0 the command is a word like any other, and a shell splits it.
fn shell_command(given: Given<'_>, dialect: Dialect) -> Option<Command> {
    let word = given.rest.first()?;
    let line = given.text(word);
    let user = if dialect.hook_users() {
        given.words().split_off(1)
    } else {
        Vec::new()
    };
    let at = line.place.span.start;
    Some(Command {
        place: given.place(),
        quoted: given.line.file.bytes().get(at) == Some(&b'"'),
        argv: vec![line.clone()],
        line,
        user,
    })
}

fn tell(fault: CommandFault, given: Given<'_>, report: &mut Report) {
    let (kind, span, message) = match fault {
        // The line's quotes have been told already.
        CommandFault::UnmatchedQuote(span) if given.line.open_quote => (
            ProblemKind::BadCommand,
            span,
            "the command cannot be split: it is ignored",
        ),
        CommandFault::UnmatchedQuote(span) => (
            ProblemKind::UnmatchedQuote,
            span,
            "the command cannot be split, a quote is missing: it is ignored",
        ),
        CommandFault::TrailingBackslash(span) => (
            ProblemKind::BadCommand,
            span,
            "the command ends in a backslash: it is ignored",
        ),
    };
    report.problem(kind, given.line.file.place(span), message);
}

/// Adds a hook to those of an instance or group: one of a kind.
pub(super) fn add_hook(
    hooks: &mut Vec<Notify>,
    kind: NotifyKind,
    given: Given<'_>,
    dialect: Dialect,
    report: &mut Report,
) {
    let taken = hooks.iter().position(|hook| hook.kind == kind);
    if let Some(at) = taken {
        let first_wins = dialect.first_hook_wins();
        let message = if first_wins {
            "this hook is already given: the second one is ignored"
        } else {
            "this hook is already given: the second one replaces it"
        };
        report.problem(ProblemKind::DuplicateNotify, given.place(), message);
        if first_wins {
            return;
        }
        hooks.remove(at);
    }
    if let Some(command) = command(given, true, dialect, report) {
        hooks.push(Notify { kind, command });
    }
}
