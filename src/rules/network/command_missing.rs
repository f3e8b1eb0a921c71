//! `network-command-missing`: ifup runs a command that is not there, or one that reads what
//! is not there, and gives the interface up.

use std::path::{Path, PathBuf};

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::shell::DEFAULT_DIRS;
use crate::text::escape;

pub(in crate::rules) struct CommandMissing;

/// Words that the shell has built in.
const BUILT_IN: [&str; 30] = [
    "if", "for", "while", "until", "case", "test", "[", "echo", "true", "false", ":", ".",
    "source", "cd", "set", "exec", "eval", "export", "exit", "printf", "umask", "trap", "wait",
    "command", "read", "return", "shift", "unset", "kill", "ulimit",
];

impl Rule for CommandMissing {
    fn id(&self) -> &'static str {
        "network-command-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (_, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        let mut out = Findings::new();
        let raised = interfaces
            .stanzas
            .iter()
            .filter(|s| interfaces.raises(&s.name));
        for stanza in raised {
            for name in ["pre-up", "up"] {
                for (command, place) in stanza.commands(name) {
                    let Some(program) = simple(command) else {
                        continue;
                    };
                    let missing = if is_there(host, program)? {
                        match input(program, command) {
                            Some(path) if host.resolve(Path::new(path)).require()?.is_none() => {
                                path
                            }
                            _ => continue,
                        }
                    } else {
                        program
                    };
                    let interface = escape(stanza.name.as_bytes());
                    let shown = escape(missing.as_bytes());
                    let message = if name == "pre-up" {
                        format!(
                            "ifup gives {interface} up before it has an address: {shown} is not there"
                        )
                    } else {
                        format!("ifup gives {interface} up half-way: {shown} is not there")
                    };
                    let evidence =
                        Evidence::span(place.clone(), "fails, and what follows is not run");
                    let subject = format!("{interface} {shown}");
                    let finding = Finding::new(self.id(), subject, message, evidence);
                    // The address is there by then.
                    out.push(if name == "up" {
                        finding.at_most(Level::Warn)
                    } else {
                        finding
                    });
                }
            }
        }
        if out.list.is_empty() {
            return Ok(out);
        }
        super::alone(host)?;
        Ok(out)
    }
}

/// The program of a line whose failure is the failure of the line.
fn simple(command: &str) -> Option<&str> {
    // The last command of a list or a pipe counts, and one in the background never does.
    if command.contains(['|', ';']) || command.trim_end().ends_with('&') {
        return None;
    }
    let word = command.split_whitespace().next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    let is_plain = word.chars().all(plain) && !BUILT_IN.contains(&word);
    is_plain.then_some(word)
}

/// The file that a command reads, where that is plain: it cannot go on without.
fn input<'a>(program: &str, command: &'a str) -> Option<&'a str> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let words: Vec<&str> = command.split_whitespace().collect();
    let redirected = words.iter().enumerate().find_map(|(at, word)| match *word {
        "<" => words.get(at + 1).copied(),
        word => word.strip_prefix('<').filter(|path| path.starts_with('/')),
    });
    let operand = || match name {
        "iptables-restore" | "ip6tables-restore" => words.last().copied(),
        "nft" => words
            .iter()
            .position(|word| *word == "-f")
            .and_then(|at| words.get(at + 1).copied()),
        _ => None,
    };
    let path = redirected.or_else(operand)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    (path.starts_with('/') && path.chars().all(plain) && path.len() > 1).then_some(path)
}

fn is_there(host: &Host, program: &str) -> Result<bool, Stop> {
    let paths: Vec<PathBuf> = if program.contains('/') {
        vec![PathBuf::from(program)]
    } else {
        DEFAULT_DIRS
            .iter()
            .map(|dir| Path::new(dir).join(program))
            .collect()
    };
    for path in paths {
        // A shell passes over a file that it may not execute.
        if let Some(found) = host.resolve(&path).require()?
            && found.meta.any_execute_bit()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
