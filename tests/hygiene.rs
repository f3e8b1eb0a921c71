//! The invariants of the source: which module may do what, which may know which,
//! and what must not be written anywhere.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may fail here

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One line of a source file with comments and literals blanked out.
struct Line {
    path: String,
    number: usize,
    code: String,
}

impl Line {
    fn at(&self) -> String {
        format!("{}:{}: {}", self.path, self.number, self.code.trim())
    }
}

/// A path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Files of the repository with one of these endings, below `dir`, sorted.
fn files_below(dir: &str, endings: &[&str]) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(repository(dir)).sort_by_file_name();
    let files = walk.into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file());
    let paths = files.map(walkdir::DirEntry::into_path);
    paths
        .filter(|path| {
            let name = path.to_string_lossy();
            endings.iter().any(|ending| name.ends_with(ending))
        })
        .collect()
}

/// A path as it is written in the repository.
fn shown(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root).unwrap().display().to_string()
}

/// The program's lines below src/, without those that only tests compile.
fn program() -> Vec<Line> {
    let mut lines = Vec::new();
    for path in files_below("src", &[".rs"]) {
        let name = shown(&path);
        if name.contains("/tests/") || name.ends_with("/tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = blanked(&text);
        // House order: a file's tests are its end.
        let end = code.find("#[cfg(test)]\nmod tests {");
        let code = &code[..end.unwrap_or(code.len())];
        lines.extend(code.lines().enumerate().map(|(index, line)| Line {
            path: name.clone(),
            number: index + 1,
            code: line.to_owned(),
        }));
    }
    assert!(lines.len() > 10_000, "the source was not found");
    lines
}

/// Rust with every comment and the inside of every literal replaced by blanks;
/// line breaks stay.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => string_length(rest),
            'r' if !ends_in_word(&out) => raw_string_length(rest),
            '\'' => char_length(rest),
            _ => 0,
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (literal, tail) = rest.split_at(length);
            out.extend(literal.chars().map(|c| if c == '\n' { c } else { ' ' }));
            rest = tail;
        }
    }
    out
}

fn ends_in_word(out: &str) -> bool {
    // `br"..."` is raw too.
    let out = out.strip_suffix('b').unwrap_or(out);
    out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string_length(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|b| *b == b'#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let inside = 2 + hashes;
    let end = text[inside..].find(&close);
    end.map_or(text.len(), |end| inside + end + close.len())
}

/// A character literal, not a lifetime.
fn char_length(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[2..].find('\'').map_or(0, |end| {
            // `'\''` closes one later.
            let end = end + 3;
            if text[2..].starts_with('\'') {
                end + 1
            } else {
                end
            }
        }),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// Fails with all complaints at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn comments_and_literals_are_told_from_code() {
    for (text, expected) in [
        ("a // exit(\nb", "a         \nb"),
        ("x(\"exit(\\\"\") y", "x(         ) y"),
        ("r#\"a\"b\"# c", "         c"),
        ("br\"\\\" c", "b     c"),
        ("'\"' 'a str '\\'' c", "    'a str      c"),
        ("for r in x", "for r in x"),
        ("/* a\nb */ c", "    \n     c"),
    ] {
        assert_eq!(blanked(text), expected, "{text}");
    }
}

/// Names that only some modules may use.
const DOORS: [(&str, &[&str], &str); 13] = [
    (
        r"\bstd::fs\b|\bfs::(read|write|File|metadata)|\bFile::(open|create)\b|\bOpenOptions\b",
        &["src/source/", "src/cli/output.rs", "src/cli/audit.rs"],
        "only source/ touches a tree, and only cli/ writes reports and the guard's log",
    ),
    (
        r"\brustix::(fs|process)\b",
        &["src/source/", "src/probe/check.rs"],
        "only source/ touches a tree, and only a check that does not end is ended",
    ),
    (
        r"\bwalkdir\b|\bWalkDir\b",
        &["src/source/"],
        "only source/ touches a tree",
    ),
    (
        r"\bstd::process::(Command|Child|Stdio)\b|\bprocess::\{|\bCommandExt\b",
        &[
            "src/source/helper.rs",
            "src/source/git.rs",
            "src/cli/guard.rs",
            "src/probe/check.rs",
            "src/probe/validator.rs",
        ],
        "only the reading helper, git, validators, the guarded command and a site's checks start",
    ),
    (
        r"\bstd::(net|os::unix::net)::[A-Za-z]*(Stream|Listener|Socket|Datagram)",
        &["src/probe/", "src/cli/audit.rs"],
        "only probe/ (and to syslog the guard) talks to daemons, and nothing to the network",
    ),
    (
        r"\b(SystemTime|Timestamp|Zoned|Instant|Utc|Local)::now\b",
        &["src/time/"],
        "only time/ reads clocks",
    ),
    (
        r"\bstd::env\b|\benv::(var|args|current|set)",
        &["src/cli/", "src/main.rs"],
        "only cli/ reads the environment",
    ),
    (
        r"\bprocess::(exit|abort)\b",
        &["src/main.rs"],
        "only main.rs exits",
    ),
    (
        r"\b(println|eprintln|print|eprint|dbg)!",
        &[],
        "one writer is passed down",
    ),
    (
        r"\bstdout\(\)|\bstderr\(\)|\bstdin\(\)",
        &["src/cli/"],
        "only cli/ has the standard streams",
    ),
    (
        r"\bthread::sleep\b",
        // Between two looks at a process that hangs.
        &["src/time/deadline.rs"],
        "nothing waits without a reason",
    ),
    (
        r"\bunwrap_or_default\b",
        &[],
        "\"could not look\" is no empty answer",
    ),
    (
        r"\bDefaultHasher\b",
        &[],
        "its values are not stable between builds",
    ),
];

#[test]
fn each_dangerous_name_stays_in_its_one_module() {
    let lines = program();
    let mut complaints = Vec::new();
    for (pattern, allowed, why) in DOORS {
        let pattern = regex::Regex::new(pattern).unwrap();
        for line in &lines {
            let may = allowed.iter().any(|prefix| line.path.starts_with(prefix));
            if !may && pattern.is_match(&line.code) {
                complaints.push(format!("{}\n    {why}", line.at()));
            }
        }
    }
    none(&complaints);
}

#[test]
fn a_door_that_nobody_uses_is_closed() {
    let lines = program();
    let mut unused = Vec::new();
    for (pattern, allowed, _) in DOORS {
        let regex = regex::Regex::new(pattern).unwrap();
        for prefix in allowed {
            let mut there = lines.iter().filter(|line| line.path.starts_with(prefix));
            if !there.any(|line| regex.is_match(&line.code)) {
                unused.push(format!("{prefix} does not use {pattern}"));
            }
        }
    }
    // The one place that may exit does it by returning from main.
    unused.retain(|line| !line.starts_with("src/main.rs does not use \\bprocess::(exit"));
    none(&unused);
}

/// Which module may know which, lowest first: bytes and places, answers, grammars,
/// loaders and scripts, clocks, trees, facts, rules, verdict, report, program.
const LAYERS: [(&str, &[&str]); 15] = [
    ("text", &[]),
    ("fact", &["text"]),
    ("parse", &["text", "fact"]),
    ("boot", &["text", "fact", "parse"]),
    ("shell", &["text", "fact"]),
    ("time", &["text", "parse"]),
    ("source", &["text", "fact", "time"]),
    ("probe", &["text", "time"]),
    ("snapshot", &["text", "time", "source", "probe"]),
    (
        "facts",
        &[
            "text", "fact", "parse", "boot", "shell", "time", "source", "probe",
        ],
    ),
    ("fleet", &["text", "fact", "parse", "source", "facts"]),
    (
        "rules",
        &[
            "text", "fact", "parse", "boot", "shell", "time", "source", "facts", "fleet",
        ],
    ),
    (
        "policy",
        &["text", "fact", "time", "source", "facts", "fleet", "rules"],
    ),
    (
        "report",
        &[
            "text", "fact", "time", "source", "facts", "fleet", "rules", "policy",
        ],
    ),
    (
        "cli",
        &[
            "text", "fact", "time", "source", "probe", "snapshot", "facts", "fleet", "rules",
            "policy", "report",
        ],
    ),
];

/// The top-level module a file of src/ belongs to, if it is in one.
fn module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let name = inside.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (!matches!(name, "lib" | "main")).then_some(name)
}

#[test]
fn a_module_knows_only_those_below_it() {
    let pattern = regex::Regex::new(r"\bcrate::(\{|[a-z_]+)").unwrap();
    let mut complaints = Vec::new();
    for line in program() {
        let Some(own) = module(&line.path) else {
            continue;
        };
        let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == own) else {
            complaints.push(format!(
                "{}: {own} has no place among the layers",
                line.path
            ));
            continue;
        };
        for used in pattern.captures_iter(&line.code) {
            let used = &used[1];
            if used == "{" {
                complaints.push(format!("{}\n    name each module", line.at()));
            } else if used != own && !below.contains(&used) {
                complaints.push(format!("{}\n    {own} must not know {used}", line.at()));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_layers_are_in_order_and_complete() {
    let mut seen: Vec<&str> = Vec::new();
    for (name, below) in LAYERS {
        for used in below {
            assert!(
                seen.contains(used),
                "{name} knows {used}, which is not below"
            );
        }
        seen.push(name);
    }
    let lib = std::fs::read_to_string(repository("src/lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let mut declared: Vec<&str> = declared.map(|name| name.trim_end_matches(';')).collect();
    seen.sort_unstable();
    declared.sort_unstable();
    assert_eq!(seen, declared);
}

#[test]
fn nothing_is_left_for_later_and_no_test_is_switched_off() {
    let later = ["TO", "DO"].concat();
    let fixed = ["FIX", "ME"].concat();
    let third = "X".repeat(3);
    let words = regex::Regex::new(&format!(r"\b({later}|{fixed}|{third})\b")).unwrap();
    let off = regex::Regex::new(r"#\[(ignore|should_panic)").unwrap();
    let mut complaints = Vec::new();
    let paths = files_below("src", &[".rs"]);
    for path in paths.into_iter().chain(files_below("tests", &[".rs"])) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = blanked(&text);
        for (number, (line, code)) in text.lines().zip(code.lines()).enumerate() {
            if words.is_match(line) || off.is_match(code) {
                complaints.push(format!("{}:{}: {line}", shown(&path), number + 1));
            }
        }
    }
    none(&complaints);
}

/// Text files of the project itself, not trees that are examined.
fn own_texts() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (dir, endings) in [
        ("src", &[".rs"][..]),
        ("tests", &[".rs", ".txt", "/all", "/run", ".sh"][..]),
        ("benches", &[".rs"][..]),
        ("rules", &[".toml"][..]),
        ("man", &[".1", ".5", ".7"][..]),
        ("schema", &[".json"][..]),
        ("contrib", &[""][..]),
        (".ci", &["/run"][..]),
    ] {
        paths.extend(files_below(dir, endings));
    }
    for name in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "Cargo.toml",
        "clippy.toml",
        "build.rs",
    ] {
        let path = repository(name);
        assert!(path.is_file(), "{name} is missing");
        paths.push(path);
    }
    paths
}

#[test]
fn source_and_documents_are_ascii_without_blanks_at_line_ends() {
    let mut complaints = Vec::new();
    for path in own_texts() {
        let bytes = std::fs::read(&path).unwrap();
        for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
            let odd = |b: &u8| !b.is_ascii() || (b.is_ascii_control() && *b != b'\t');
            let at = format!("{}:{}", shown(&path), number + 1);
            if line.iter().any(odd) {
                complaints.push(format!("{at}: not plain ASCII"));
            }
            // In Rust the formatter sees to it, and a literal may hold some.
            let rust = path.extension().is_some_and(|extension| extension == "rs");
            if !rust && line.last().is_some_and(u8::is_ascii_whitespace) {
                complaints.push(format!("{at}: a blank at the end"));
            }
        }
        if bytes.last() != Some(&b'\n') {
            complaints.push(format!("{}: no line break at the end", shown(&path)));
        }
    }
    none(&complaints);
}

#[test]
fn no_path_of_a_build_machine_slips_in() {
    // Assembled, so that this file does not contain them.
    let paths = [
        ["/wo", "rk/"].concat(),
        ["/wo", "rkspace/"].concat(),
        ["/bui", "lds/"].concat(),
        ["/ro", "ot/.c"].concat(),
        ["/ro", "ot/.r"].concat(),
        ["/home/ru", "nner"].concat(),
        ["/ta", "rget/de"].concat(),
    ];
    let mut complaints = Vec::new();
    for path in own_texts() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if paths.iter().any(|path| line.contains(path)) {
                complaints.push(format!("{}:{}: {line}", shown(&path), number + 1));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_module_opens_with_what_it_holds() {
    let mut complaints = Vec::new();
    for path in files_below("src", &[".rs"]) {
        let name = shown(&path);
        let is_test = name.contains("/tests/") || name.ends_with("/tests.rs");
        let text = std::fs::read_to_string(&path).unwrap();
        if !is_test && !text.starts_with("//! ") {
            complaints.push(format!("{name}: no `//!` line"));
        }
    }
    none(&complaints);
}

#[test]
fn the_list_of_crates_is_that_of_the_lock() {
    let lock = std::fs::read_to_string(repository("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let word = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    let locked: BTreeSet<(String, String)> = packages
        .map(|package| (word(package, "name"), word(package, "version")))
        .filter(|(name, _)| name != env!("CARGO_PKG_NAME"))
        .collect();
    let list = std::fs::read_to_string(repository("contrib/package/crates.tsv")).unwrap();
    let listed: BTreeSet<(String, String)> = list
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split('\t').map(str::to_owned);
            (fields.next().unwrap(), fields.next().unwrap())
        })
        .collect();
    let differ: Vec<_> = locked.symmetric_difference(&listed).collect();
    assert!(differ.is_empty(), "run tests/supply/list: {differ:?}");
    assert!(!listed.is_empty());
}
