//! `comeback config` and `comeback init`: the policy in force, and one to begin with.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{ConfigArgs, InitArgs};
use super::output::{Output, write_fresh, write_out};
use super::run::{DEFAULT_HORIZON, PolicyPlace, deadline, open_tree, setup};
use super::{Error, complain};
use crate::facts::declared::{Common, Declared, Pick, Weight};
use crate::policy::Exit;
use crate::text::{Place, escape, escape_path};

/// What a policy begins with. Every key is there, switched off, with its default.
const STARTER: &str = "\
# The policy of comeback; man comeback.toml tells more.
#
# One file decides: /etc/comeback/comeback.toml for a machine, the nearest comeback.toml
# from the current directory upward for a repository. `comeback config` prints what is
# in force and where each value comes from.

# An older comeback refuses this file.
# required_version = \">=0.1\"

# How far ahead schedules are looked at.
# horizon = \"24h\"

# The level that makes the exit status 1: block, warn or note.
# fail_on = \"block\"

# Where the trees of a repository are complete: what is absent there is absent.
# [tree]
# covers = [\"etc/cron.d\", \"etc/keepalived\"]

# Versions of programs that the trees do not tell.
# [versions]
# keepalived = \"2.2.7\"

# One rule: another level, or no waiver for it here.
# [rules.trigger-scheduled-reboot]
# level     = \"warn\"
# ignorable = false

# guard: whether --accept is taken, a file of acceptances for hooks that hand on no
# options, and where acceptances are written to.
# [guard]
# accept      = true
# break_glass = \"/run/comeback/accept\"
# log         = \"/var/log/comeback.log\"
# syslog      = \"/dev/log\"

# Hosts that stand in for each other, for --hosts and plan.
# [[role]]
# name     = \"web\"
# hosts    = [\"web*\"]
# at_least = 2
# same     = [\"/etc/nginx/nginx.conf\"]

# A repository that keeps the files of a host in several directories: what stands for a
# host, and what its root is made of.
# [[layout]]
# hosts = \"host_vars/{host}.yml\"
# layer = [{ dir = \"roles/{role}/files\" }, { dir = \"files/{host}\", at = \"/\" }]

# What must hold on these hosts, checked before a reboot and after. Each has a host (a
# pattern), a level (block where absent) and a why, if need be.
# [declared.value.workers]
# file  = \"/etc/unicorn/*.rb\"
# match = '^ *worker_processes +([0-9]+)'
# take  = \"sum\"
# [declared.value.connections]
# file = \"/etc/app/database.yml\"
# key  = \"production.pool\"
# [[declared.relation]]
# holds = \"workers * 2 <= connections\"
# [[declared.file]]
# path     = \"/var/backups/db-*.dump\"
# max_age  = \"26h\"
# min_size = \"10M\"
# [[declared.service]]
# name = \"postgresql@15-main\"
# [[declared.port]]
# port = 5432
# [[declared.package]]
# name = \"keepalived\"
# [[declared.check]]
# name    = \"replication\"
# command = [\"/usr/local/sbin/check-replication\"]

# An exception has a reason and an end, at most 90 days ahead where it accepts a blocker.
# [[waiver]]
# rule    = \"trigger-scheduled-reboot\"
# host    = \"batch*\"
# subject = \"/etc/cron.d/patching\"
# until   = 2026-10-01
# reason  = \"batch boxes, nobody waits for them\"
";

/// Writes a policy to begin with, where there is none.
pub(super) fn init(args: &InitArgs) -> Result<Exit, Error> {
    let shown = escape_path(&args.file);
    match write_fresh(&args.file, STARTER.as_bytes()) {
        Ok(()) => {
            complain(&format!("{shown} is written; nothing in it is switched on"));
            Ok(Exit::Clear)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::Usage(
            format!("init: {shown} is there already; nothing was written"),
        )),
        Err(error) => Err(Error::Output(format!("{shown}: {error}"))),
    }
}

/// Prints the policy in force.
pub(super) fn config(args: &ConfigArgs) -> Result<Exit, Error> {
    let deadline = deadline(&args.tree, None)?;
    let tree = open_tree(&args.tree, args.tree.root.as_deref(), deadline)?;
    let setup = setup(&args.tree, &tree, PolicyPlace::of(&tree), deadline)?;
    let config = &setup.config;
    if let Some(unread) = &config.unread {
        return Err(Error::Undecided(format!("config: {unread}")));
    }
    let file = config.file.as_deref().map(escape_path);
    let mut out = String::new();
    let _ = match &file {
        Some(file) => writeln!(out, "# {file}"),
        None => writeln!(out, "# no policy file; defaults"),
    };
    let from_file = file.as_deref().unwrap_or("default");
    let origin = |option: Option<&str>, in_file: bool| match option {
        Some(option) => option.to_owned(),
        None if in_file => from_file.to_owned(),
        None => "default".to_owned(),
    };
    let mut line = |key: &str, value: String, origin: String| {
        let _ = writeln!(out, "{:<40} # {origin}", format!("{key} = {value}"));
    };
    let option = args.tree.horizon.as_ref();
    let horizon = option.or(config.horizon.as_ref());
    line(
        "horizon",
        quoted(horizon.map_or(DEFAULT_HORIZON, String::as_str)),
        origin(option.map(|_| "--horizon"), config.horizon.is_some()),
    );
    let fail_on = config.fail_on.map_or("block", |level| level.word());
    line(
        "fail_on",
        quoted(fail_on),
        origin(None, config.fail_on.is_some()),
    );
    let covers = args.tree.covers.iter().map(|dir| (dir, Some("--covers")));
    let covers = covers.chain(config.covers.iter().map(|dir| (dir, None)));
    for (dir, option) in covers {
        line(
            "tree.covers",
            format!("[{}]", path(dir)),
            origin(option, true),
        );
    }
    for (package, version) in &config.versions {
        let key = format!("versions.{}", escape(package.as_bytes()));
        line(&key, quoted(version), origin(None, true));
    }
    for (rule, setting) in &config.rules {
        if let Some(level) = setting.level {
            let key = format!("rules.{rule}.level");
            line(&key, quoted(level.word()), origin(None, true));
        }
        if let Some(ignorable) = setting.ignorable {
            let key = format!("rules.{rule}.ignorable");
            line(&key, ignorable.to_string(), origin(None, true));
        }
    }
    let guard = &config.guard;
    let accept = guard.accept.unwrap_or(true).to_string();
    line("guard.accept", accept, origin(None, guard.accept.is_some()));
    let glass = guard.break_glass.as_deref();
    line(
        "guard.break_glass",
        glass.map_or_else(|| "none".to_owned(), path),
        origin(None, glass.is_some()),
    );
    for (key, value, default) in [
        ("guard.log", guard.log.as_deref(), super::audit::LOG),
        (
            "guard.syslog",
            guard.syslog.as_deref(),
            super::audit::SYSLOG,
        ),
    ] {
        let shown = path(value.unwrap_or(Path::new(default)));
        line(key, shown, origin(None, value.is_some()));
    }
    for waiver in &config.waivers {
        let host = waiver.host.as_deref().unwrap_or("*");
        let subject = waiver.subject.as_deref().unwrap_or("*");
        let place = waiver.place.as_ref().map(ToString::to_string);
        let what = format!(
            "{{ rule = {}, host = {}, subject = {}, until = {}, reason = {} }}",
            quoted(&waiver.rule),
            quoted(host),
            quoted(subject),
            waiver.until,
            quoted(&waiver.reason)
        );
        line("waiver", what, origin(place.as_deref(), true));
    }
    for role in &config.roles {
        let what = format!(
            "{{ name = {}, hosts = {}, at_least = {}, same = {} }}",
            quoted(&role.name),
            list(role.hosts.iter().map(|host| quoted(host))),
            role.at_least,
            list(role.same.iter().map(|file| path(file)))
        );
        let place = role.place.as_ref().map(ToString::to_string);
        line("role", what, origin(place.as_deref(), true));
    }
    for layout in &config.layouts {
        let layers = list(layout.layers.iter().map(|layer| {
            let (dir, at) = (quoted(&layer.dir), path(&layer.at));
            format!("{{ dir = {dir}, at = {at} }}")
        }));
        let what = format!("{{ hosts = {}, layer = {layers} }}", quoted(&layout.hosts));
        line("layout", what, origin(None, true));
    }
    for (key, text, place) in lines(&config.declared) {
        let place = place.to_string();
        line(&key, text, origin(Some(&place), true));
    }
    write_out(&Output::Stdout, out.as_bytes())?;
    Ok(Exit::Clear)
}

/// What is declared: its key, its value, and where it stands.
fn lines(declared: &Declared) -> Vec<(String, String, Place)> {
    let mut lines = Vec::new();
    for value in &declared.values {
        let pick = match &value.pick {
            Pick::Match(pattern) => format!("match = {}", quoted(pattern)),
            Pick::Key(_, keys) => format!("key = {}", quoted(&keys.join("."))),
        };
        let text = format!("{{ file = {}, {pick} }}", path(&value.file));
        let key = format!("declared.value.{}", value.name);
        lines.push((key, text, value.place.clone()));
    }
    let mut add = |kind: &str, common: &Common, what: String| {
        let level = match common.weight {
            Weight::Note => "note",
            Weight::Warn => "warn",
            Weight::Block => "block",
        };
        let host = common.host.as_deref().unwrap_or("*");
        let text = format!("{{ {what}, host = {}, level = \"{level}\" }}", quoted(host));
        lines.push((format!("declared.{kind}"), text, common.place.clone()));
    };
    for relation in &declared.relations {
        let what = format!("holds = {}", quoted(&relation.text));
        add("relation", &relation.common, what);
    }
    for file in &declared.files {
        add("file", &file.common, format!("path = {}", path(&file.path)));
    }
    for service in &declared.services {
        let what = format!(
            "name = {}, enabled = {}, running = {}",
            quoted(&service.common.name),
            service.enabled,
            service.running
        );
        add("service", &service.common, what);
    }
    for port in &declared.ports {
        add(
            "port",
            &port.common,
            format!("listens = {}", quoted(&port.common.name)),
        );
    }
    for package in &declared.packages {
        let what = format!("name = {}", quoted(&package.common.name));
        add("package", &package.common, what);
    }
    for check in &declared.checks {
        let words = list(check.command.iter().map(|word| quoted(word)));
        let name = quoted(&check.common.name);
        add(
            "check",
            &check.common,
            format!("name = {name}, command = {words}"),
        );
    }
    lines
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escape(text.as_bytes()).replace('"', "\\\""))
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}
