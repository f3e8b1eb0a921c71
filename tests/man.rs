//! The manual says what the program does: options, commands, exit statuses, paths,
//! policy keys, rules.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may fail here

mod golden;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use comeback::cli::Cli;
use comeback::policy::{Config, Exit};
use comeback::rules::{Card, Status, cards};
use golden::{repository, same_as_file};
use regex::Regex;

fn page(name: &str) -> String {
    std::fs::read_to_string(repository(&format!("man/{name}"))).unwrap()
}

/// The text of one section.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let begin = page.find(&format!(".Sh {title}\n")).unwrap();
    let rest = &page[begin + 4..];
    rest.find("\n.Sh ").map_or(rest, |end| &rest[..end])
}

/// The program's own definition, with the options that clap adds.
fn definition() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Visible subcommands.
fn commands(definition: &clap::Command) -> Vec<&clap::Command> {
    let all = definition.get_subcommands();
    all.filter(|command| !command.is_hide_set()).collect()
}

/// Visible options, as `--long` and `-s`.
fn options(definition: &clap::Command) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for command in commands(definition).into_iter().chain([definition]) {
        for option in command.get_arguments().filter(|a| !a.is_hide_set()) {
            found.extend(option.get_long().map(|name| format!("--{name}")));
            found.extend(option.get_short().map(|name| format!("-{name}")));
        }
    }
    found
}

/// What the macro `Fl` marks up in a page, as the reader sees it.
fn marked_options(page: &str) -> BTreeSet<String> {
    let in_item = Regex::new(r"^\.(?:It )?(?:[A-Z][a-z] )*Fl (.*)$").unwrap();
    let word = Regex::new(r"^-?[A-Za-z][a-z-]*$").unwrap();
    let mut found = BTreeSet::new();
    for captures in page.lines().filter_map(|line| in_item.captures(line)) {
        // `Fl q , -quiet` marks both; an argument ends the options.
        for token in captures[1].split(' ').filter(|token| *token != ",") {
            if !word.is_match(token) || token == "Ar" {
                break;
            }
            found.insert(format!("-{token}"));
        }
    }
    found
}

#[test]
fn every_option_is_in_the_manual_and_the_manual_has_no_others() {
    let definition = definition();
    let page = page("comeback.1");
    assert_eq!(
        marked_options(section(&page, "OPTIONS")),
        options(&definition)
    );
    let elsewhere = marked_options(&page);
    let unknown: Vec<_> = elsewhere
        .difference(&options(&definition))
        .cloned()
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let policy = marked_options(&self::page("comeback.toml.5"));
    assert!(policy.is_subset(&options(&definition)), "{policy:?}");
}

#[test]
fn every_word_an_option_accepts_is_in_the_manual() {
    let page = page("comeback.1");
    let text = section(&page, "OPTIONS");
    for command in commands(&definition()) {
        for option in command.get_arguments() {
            for value in option.get_possible_values() {
                let name = value.get_name();
                let positional = option.is_positional();
                let flag = !option.get_action().takes_values();
                let there = text.contains(&format!(".Ql {name}\n"))
                    || text.contains(&format!(".Ql {name} ,"))
                    || text.contains(&format!(".Ql {name} ."));
                assert!(positional || flag || there, "{} {name}", option.get_id());
            }
        }
    }
}

#[test]
fn every_command_is_in_the_manual_and_the_manual_has_no_others() {
    let page = page("comeback.1");
    let item = Regex::new(r"(?m)^\.It Ic ([a-z]+)").unwrap();
    let text = section(&page, "COMMANDS");
    let documented: BTreeSet<&str> = item
        .captures_iter(text)
        .map(|captures| captures.get(1).unwrap().as_str())
        .collect();
    let definition = definition();
    let defined: BTreeSet<&str> = commands(&definition).iter().map(|c| c.get_name()).collect();
    assert_eq!(documented, defined);
}

#[test]
fn the_variables_the_program_reads_are_in_the_manual() {
    let page = page("comeback.1");
    let text = section(&page, "ENVIRONMENT");
    let definition = definition();
    let mut variables: Vec<String> = vec!["NO_COLOR".into(), "TERM".into()];
    for command in commands(&definition) {
        let read = command.get_arguments().filter_map(clap::Arg::get_env);
        variables.extend(read.map(|name| name.to_string_lossy().into_owned()));
    }
    for name in variables {
        assert!(text.contains(&format!(".It Ev {name}\n")), "{name}");
    }
}

#[test]
fn the_exit_statuses_are_those_of_the_program() {
    let page = page("comeback.1");
    let item = Regex::new(r"(?m)^\.It Sy (\d+) Pq (.+)$").unwrap();
    let documented: Vec<(u8, String)> = item
        .captures_iter(section(&page, "EXIT STATUS"))
        .map(|captures| (captures[1].parse().unwrap(), captures[2].to_owned()))
        .collect();
    let defined = Exit::ALL.map(|exit| (exit.code(), exit.name().to_owned()));
    assert_eq!(documented, defined);
}

#[test]
fn the_readme_has_the_same_exit_statuses() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let row = Regex::new(r"(?m)^\| (\d+) \| ([a-z ]+) \|").unwrap();
    let documented: Vec<(u8, String)> = row
        .captures_iter(&readme)
        .map(|captures| (captures[1].parse().unwrap(), captures[2].to_owned()))
        .collect();
    let defined = Exit::ALL.map(|exit| (exit.code(), exit.name().to_owned()));
    assert_eq!(documented, defined);
}

#[test]
fn every_path_the_facts_and_rules_name_is_in_the_manual() {
    let page = page("comeback.1");
    let marked = Regex::new(r"(/[A-Za-z0-9._/-]*[A-Za-z0-9])").unwrap();
    let text = section(&page, "WHAT IT READS");
    let documented: Vec<&Path> = marked
        .find_iter(text)
        .map(|found| Path::new(found.as_str()))
        .collect();
    let literal = Regex::new(r#""(/[A-Za-z0-9._/-]+)""#).unwrap();
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    for dir in ["src/facts", "src/fleet", "src/rules", "src/cli"] {
        for entry in walkdir::WalkDir::new(repository(dir)) {
            let entry = entry.unwrap();
            if entry.path().extension().is_none_or(|e| e != "rs") {
                continue;
            }
            // What the evaluator takes for settled is not read for that.
            let is_test = entry.path().ends_with("tests.rs");
            if is_test || entry.path().ends_with("facts/world.rs") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let end = text.find("#[cfg(test)]").unwrap_or(text.len());
            for found in literal.captures_iter(&text[..end]) {
                let path = found[1].to_owned();
                let is = Path::new(&path);
                // `/etc` alone says that its names are read, not all of its files.
                let known = documented.iter().any(|known| {
                    is == *known || (known.components().count() > 2 && is.starts_with(known))
                });
                seen += 1;
                if !known && !NOT_READ.contains(&path.as_str()) {
                    missing.insert(path);
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} paths were found in the source");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Beginnings and ends of paths, compared with and not read.
const NOT_READ: [&str; 108] = [
    "/",
    "/.",
    "/.build-id",
    "/128",
    "/32",
    "/ash",
    "/bin",
    "/bin/",
    "/debug/",
    "/dev",
    "/dev/",
    "/dev/cifs",
    "/dev/console",
    "/dev/disk/by-id/",
    "/dev/disk/by-label/",
    "/dev/disk/by-uuid/",
    "/dev/dm-",
    "/dev/hw_random",
    "/dev/hwrng",
    "/dev/log",
    "/dev/loop",
    "/dev/mapper",
    "/dev/mapper/",
    "/dev/mapper/luks-",
    "/dev/md",
    "/dev/nfs",
    "/dev/null",
    "/dev/pts",
    "/dev/ram",
    "/dev/random",
    "/dev/root",
    "/dev/shm",
    "/dev/urandom",
    "/dev/zfs",
    "/etc/finit.conf",
    "/etc/rc.d/rc",
    "/etc/network",
    "/etc/runit/stopit",
    "/etc/s6-linux-init",
    "/etc/sysctl",
    "/etc/watchdog",
    "/firmware/",
    "/home",
    "/init",
    "/ld-musl-",
    "/lib",
    "/lib64",
    "/locale",
    "/media",
    "/mnt",
    "/netlink",
    "/opt",
    "/proc",
    "/proc/",
    "/proc/kmsg",
    "/proc/self/loginuid",
    "/proc/sys",
    "/rebootmgr",
    "/root",
    "/run",
    "/run/",
    "/run/host",
    "/run/lock",
    "/run/lock/",
    "/run/runit.stopit",
    "/run/sysctl",
    "/sbin/",
    "/sentinel/",
    "/sh",
    "/snap",
    "/srv",
    "/sys",
    "/sys/",
    "/sys/firmware/efi/efivars",
    "/sys/fs/bpf",
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/",
    "/sys/fs/pstore",
    "/sys/fs/selinux",
    "/sys/fs/smackfs",
    "/sys/kernel/security",
    "/systemd",
    "/tmp",
    "/tmp/",
    "/usr",
    "/usr/bin",
    "/usr/bin/",
    "/usr/etc",
    "/usr/lib",
    "/usr/local",
    "/usr/sbin/",
    "/usr/share",
    "/var",
    "/var/",
    "/var/cache",
    "/var/lib",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/lock/",
    "/var/log",
    "/var/log/",
    "/var/log/comeback.log",
    "/var/run",
    "/var/run/",
    "/var/tmp",
    "/var/tmp/",
];

/// The keys that the parser of policies names when it meets one it does not know.
fn keys(prefix: &str) -> BTreeSet<String> {
    let text = format!("{prefix}qqqqqqqqqqqqqqqq = 1\n");
    let error = Config::parse(Path::new("/p.toml"), text.as_bytes()).unwrap_err();
    let quoted = Regex::new("\"([a-z_]+)\"").unwrap();
    let all = quoted.captures_iter(&error.message);
    let names = all.map(|captures| captures[1].to_owned());
    names.filter(|name| !name.starts_with("qqqq")).collect()
}

#[test]
fn every_key_of_the_policy_is_in_its_manual_and_the_manual_has_no_others() {
    let page = page("comeback.toml.5");
    let item = Regex::new(r"(?m)^\.It Cm ([a-z_]+)$").unwrap();
    let documented: BTreeSet<String> = item
        .captures_iter(section(&page, "KEYS"))
        .map(|captures| captures[1].to_owned())
        .collect();
    let mut defined = keys("");
    assert!(defined.len() > 3, "{defined:?}");
    defined.extend(keys("[tree]\n"));
    defined.extend(keys("[[waiver]]\n"));
    defined.extend(keys("[guard]\n"));
    defined.extend(keys("[[role]]\n"));
    defined.extend(keys("[[layout]]\n"));
    defined.extend(keys("[[layout]]\nhosts = \"{host}\"\n[[layout.layer]]\n"));
    defined.extend(keys("[rules.init-missing]\n"));
    let declared = keys("[declared]\n");
    assert!(declared.contains("relation"), "{declared:?}");
    defined.extend(declared.iter().cloned());
    assert_eq!(documented, defined);
    // What single declarations have is told in their own words.
    for kind in &declared {
        let table = match kind.as_str() {
            "value" => "[declared.value.a]\n".to_owned(),
            kind => format!("[[declared.{kind}]]\n"),
        };
        for key in keys(&table) {
            let marked = Regex::new(&format!(r"(?m)^\.(It )?Cm {key}( ,)?$")).unwrap();
            assert!(marked.is_match(section(&page, "KEYS")), "{kind}: {key}");
        }
    }
}

#[test]
fn the_policies_in_the_manual_are_accepted() {
    let literal = Regex::new(r"(?s)\.Bd -literal -offset indent\n(.*?)\.Ed").unwrap();
    let mut tried = 0;
    for name in ["comeback.toml.5", "comeback.1"] {
        let page = page(name);
        for block in literal.captures_iter(&page) {
            let text = &block[1];
            if !text.contains("[[waiver]]") {
                continue;
            }
            let parsed = Config::parse(Path::new(name), text.as_bytes());
            parsed.unwrap_or_else(|error| panic!("{error}"));
            tried += 1;
        }
    }
    assert_eq!(tried, 3);
}

#[test]
fn every_link_of_a_whole_root_is_examined_as_the_manual_says() {
    let root = repository("fixtures/incidents/debian-bytemark/fixed/root");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.env_clear().arg("check").arg(root);
    command.args(["--tree", "full", "--format", "json"]);
    let output = command.output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let chain = report["hosts"][0]["chain"].as_array().unwrap();
    assert!(chain.len() > 10, "{chain:?}");
    let not_examined = chain.iter().filter(|link| link["state"] == "not-examined");
    let links: Vec<&str> = not_examined
        .map(|link| link["link"].as_str().unwrap())
        .collect();
    assert!(links.is_empty(), "{links:?}");
    let page = page("comeback.1");
    let limits = section(&page, "KNOWN LIMITS");
    assert!(!limits.contains("does not examine the link"), "{limits}");
}

#[test]
fn the_list_of_rules_is_made_from_the_cards() {
    same_as_file("man/comeback-rules.7", &rules_page());
}

/// comeback-rules(7).
fn rules_page() -> String {
    let mut out = String::from(
        ".\\\" Made from the cards in rules/ by COMEBACK_BLESS=1 cargo test --test man.\n\
         .Dd September 1, 2026\n\
         .Dt COMEBACK-RULES 7\n\
         .Os\n\
         .Sh NAME\n\
         .Nm comeback-rules\n\
         .Nd the rules of comeback\n\
         .Sh DESCRIPTION\n\
         Each rule has an id that never changes its meaning, a level\n\
         .Pq how grave its findings are at most ,\n\
         an impact\n\
         .Pq what goes wrong ,\n\
         a confidence\n\
         .Pq how well its findings are known at best\n\
         and the link of the boot it speaks of.\n\
         A preview rule is shown only with\n\
         .Fl -audit\n\
         and never decides.\n\
         .Nm comeback Cm explain Ar rule\n\
         says the same with what each rule was run on and where its facts come from.\n\
         .Sh RULES\n",
    );
    for card in cards().values() {
        rule(&mut out, card);
    }
    out.push_str(".Sh SEE ALSO\n.Xr comeback 1 ,\n.Xr comeback.toml 5\n");
    out
}

fn rule(out: &mut String, card: &Card) {
    let _ = writeln!(out, ".Ss {}", card.id);
    text(out, &card.title);
    let impacts: Vec<&str> = card.impact.iter().map(|impact| impact.word()).collect();
    let status = match card.status {
        Status::Preview => "; preview",
        Status::Stable => "",
        Status::Deprecated => "; deprecated",
    };
    let _ = writeln!(
        out,
        ".Pp\nLevel {}, impact {},\nconfidence {}, link {}{status}; since {}.",
        card.level.word(),
        impacts.join(" and "),
        card.confidence.word(),
        card.link.word(),
        card.since
    );
    out.push_str(".Pp\n");
    text(out, &card.what);
    out.push_str(".Pp\n");
    text(out, &card.why);
    out.push_str(".Pp\n.Em Not flagged :\n");
    text(out, &card.not_flagged);
    out.push_str(".Pp\n.Em To do :\n");
    text(out, &card.fix);
    if !card.aliases.is_empty() {
        let _ = writeln!(out, ".Pp\nFormerly {}.", card.aliases.join(", "));
    }
    if !card.ignorable {
        out.push_str(".Pp\nNo waiver silences this rule.\n");
    }
}

/// Running text, each sentence on its own line, so that the formatter spaces them.
fn text(out: &mut String, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if line.len() + word.len() > 70 {
            plain(out, &line);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if word.ends_with('.') {
            plain(out, &line);
            line.clear();
        }
    }
    plain(out, &line);
}

/// One line that the formatter takes as text, whatever it begins with.
fn plain(out: &mut String, line: &str) {
    if line.is_empty() {
        return;
    }
    if line.starts_with(['.', '\'']) {
        out.push_str("\\&");
    }
    out.push_str(&line.replace('\\', "\\e"));
    out.push('\n');
}
