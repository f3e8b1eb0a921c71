//! `failover-command-misread`: keepalived takes a command for other words than meant.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::keepalived::{NotifyKind, Text, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

use super::commands::{Started, started};

pub(in crate::rules) struct CommandMisread;

/// Words that only a shell understands.
const OPERATORS: [&[u8]; 12] = [
    b"&&", b"||", b"|", b";", b"&", b">", b">>", b"<", b"2>&1", b"2>", b"&>", b">&2",
];

/// The word that a shell would not have passed on, if there is one.
fn for_a_shell<'a>(one: &Started<'a>) -> Option<&'a Text> {
    let argv = &one.command.argv;
    let first = argv.first()?.value.as_slice();
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let shell = matches!(
        base,
        b"sh" | b"bash" | b"dash" | b"ksh" | b"zsh" | b"busybox"
    );
    // `</path` asks whether a file can be opened.
    if shell || first.starts_with(b"<") {
        return None;
    }
    argv.iter().skip(1).find(|word| {
        let text = word.value.as_slice();
        let output = text.starts_with(b">/") || text.starts_with(b">>/");
        let error = text.starts_with(b"2>/") || text.starts_with(b"&>/");
        let ends = text.len() > 1 && text.ends_with(b";");
        let expands = text.starts_with(b"$(") || text.starts_with(b"`");
        OPERATORS.contains(&text) || output || error || ends || expands
    })
}

impl Rule for CommandMisread {
    fn id(&self) -> &'static str {
        "failover-command-misread"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        // Which version it is decides how a command is read.
        if let (None, Fact::Unknown(unknown)) = (failover.version, host.packages()) {
            out.open.push(unknown.clone());
        }
        let likely = |finding| super::by_version(failover, finding);
        let all = started(config);
        out.judged = all.len();
        if config.version >= Version::EXEC_HOOKS {
            for one in &all {
                let Some(word) = for_a_shell(one) else {
                    continue;
                };
                let shown = escape(&word.value);
                let owner = &one.owner;
                let message = format!("{owner} is run without a shell: {shown} is a plain word");
                let label = "passed to the program as an argument";
                let finding = Finding::new(
                    self.id(),
                    owner.clone(),
                    message,
                    Evidence::span(one.command.place.clone(), label),
                )
                .with(Evidence::computed(failover.version_from.clone()))
                .at_most(Level::Warn);
                out.push(likely(finding));
            }
        } else {
            let hooks = config.instances.iter().flat_map(|i| &i.notify);
            let hooks = hooks.chain(config.groups.iter().flat_map(|g| &g.notify));
            for hook in hooks.filter(|hook| hook.kind == NotifyKind::Notify) {
                let line = &hook.command.line;
                if !line.value.iter().any(u8::is_ascii_whitespace) {
                    continue;
                }
                let message = "a generic hook with arguments is not run before keepalived 2.0";
                let label = "all of it is taken for the name of one file";
                let finding = Finding::new(
                    self.id(),
                    escape(&line.value),
                    message,
                    Evidence::span(hook.command.place.clone(), label),
                )
                .with(Evidence::computed(failover.version_from.clone()));
                out.push(likely(finding));
            }
        }
        out.or_not_applicable("keepalived starts no program")
    }
}
