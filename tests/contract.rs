//! What binds a rule's card, its code, its fixtures and its place in the manual.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may fail here

mod golden;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use comeback::rules::{
    ALL, Card, FLEET, Impact, JOINS, Level, Scope, Status, VERIFY, all_ids, cards, parse_all,
    parse_upgrades,
};
use golden::{repository, same_as_file};

/// The facts a card may ask for.
const NEEDS: [&str; 20] = [
    "access", "accounts", "cron", "crypt", "devices", "failover", "files", "init", "initrd",
    "kernels", "loader", "modules", "mounts", "network", "packages", "programs", "running",
    "services", "target", "triggers",
];

/// Where the boundaries are.
const UPGRADES: &str = "rules/upgrades/";

/// The families that a boundary may name.
const FAMILIES: [&str; 5] = ["apk", "dpkg", "pacman", "portage", "rpm"];

/// Ids name the bad state, and must read right after "allow".
const FORBIDDEN_FIRST_WORDS: [&str; 4] = ["no", "bad", "check", "banned"];

/// The free text of a card, by key.
fn texts(card: &Card) -> [(&'static str, &str); 7] {
    [
        ("id", &card.id),
        ("since", &card.since),
        ("title", &card.title),
        ("what", &card.what),
        ("why", &card.why),
        ("not_flagged", &card.not_flagged),
        ("fix", &card.fix),
    ]
}

/// The lists of a card, by key.
fn lists(card: &Card) -> [(&'static str, &[String]); 4] {
    [
        ("needs", &card.needs),
        ("fix_commands", &card.fix_commands),
        ("references", &card.references),
        ("aliases", &card.aliases),
    ]
}

/// Every file below a directory of the repository, sorted.
fn files_below(dir: &str) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(repository(dir)).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).collect()
}

/// A path as it is written in the repository.
fn shown(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root).unwrap().display().to_string()
}

/// Fails with all complaints at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_rule_has_its_card_and_every_card_its_rule() {
    let parsed = parse_all().unwrap_or_else(|error| panic!("{error}"));
    let from_code: BTreeSet<&str> = all_ids().into_iter().collect();
    let from_cards: BTreeSet<&str> = parsed.keys().map(String::as_str).collect();
    assert_eq!(from_code, from_cards);
    let files: BTreeSet<String> = files_below("rules")
        .iter()
        .map(|path| shown(path))
        .filter(|path| !path.starts_with(UPGRADES))
        .collect();
    let expected: BTreeSet<String> = from_code
        .iter()
        .map(|id| format!("rules/{id}.toml"))
        .collect();
    assert_eq!(files, expected);
}

#[test]
fn the_tables_of_rules_are_sorted_and_name_each_rule_once() {
    let sorted = |ids: &[&str]| ids.is_sorted_by(|a, b| a < b);
    assert!(sorted(&ALL.iter().map(|r| r.id()).collect::<Vec<_>>()));
    assert!(sorted(&JOINS.iter().map(|r| r.id()).collect::<Vec<_>>()));
    assert!(sorted(&VERIFY.iter().map(|r| r.id()).collect::<Vec<_>>()));
    assert!(sorted(&FLEET.iter().map(|r| r.id()).collect::<Vec<_>>()));
    assert!(sorted(&all_ids()), "a rule stands in two tables");
    for rule in ALL.iter().chain(JOINS).chain(VERIFY) {
        assert_eq!(cards()[rule.id()].scope, Scope::Host, "{}", rule.id());
    }
    for rule in FLEET {
        assert_eq!(cards()[rule.id()].scope, Scope::Fleet, "{}", rule.id());
    }
}

#[test]
fn the_list_of_ids_changes_only_on_purpose() {
    let list = all_ids().join("\n") + "\n";
    same_as_file("tests/ids.txt", &list);
}

#[test]
fn ids_are_words_joined_by_hyphens_and_name_the_bad_state() {
    let pattern = regex::Regex::new("^[a-z]+(-[a-z0-9]+)+$").unwrap();
    let mut taken = BTreeSet::new();
    for card in cards().values() {
        for id in std::iter::once(&card.id).chain(&card.aliases) {
            assert!(pattern.is_match(id), "{id}");
            assert!(taken.insert(id), "{id} is an id or an alias twice");
        }
        let first = card.id.split('-').next().unwrap();
        assert!(!FORBIDDEN_FIRST_WORDS.contains(&first), "{}", card.id);
    }
}

#[test]
fn the_words_of_a_card_are_complete_and_keep_their_form() {
    let mut complaints = Vec::new();
    for card in cards().values() {
        let mut complain = |key: &str, what: &str| {
            complaints.push(format!("rules/{}.toml: {key}: {what}", card.id));
        };
        for (key, text) in texts(card) {
            let text = text.trim();
            if text.is_empty() {
                complain(key, "empty");
            }
            if text.lines().any(|line| line.ends_with('-')) {
                complain(key, "a word is split over two lines");
            }
            let sentence = ["what", "why", "not_flagged", "fix"].contains(&key);
            if sentence && !text.ends_with('.') {
                complain(key, "does not end with a dot");
            }
        }
        for (key, list) in lists(card) {
            if list
                .iter()
                .any(|text| text.trim() != text || text.is_empty())
            {
                complain(key, "an item is empty or padded");
            }
        }
        let title = card.title.as_str();
        // An acronym or the name of a file may stand first.
        let word = title.split(' ').next().unwrap();
        let proper = word.chars().filter(char::is_ascii_uppercase).count() > 1;
        if !proper && !title.starts_with(|c: char| c.is_ascii_lowercase() || c == '/') {
            complain("title", "does not begin in lower case");
        }
        if title.ends_with('.') {
            complain("title", "ends with a dot");
        }
        if title.len() > 72 {
            complain("title", "longer than 72 characters");
        }
        if card.impact.is_empty() {
            complain("impact", "empty");
        }
        if card.references.is_empty() {
            complain("references", "empty");
        }
        if card.needs.is_empty() {
            complain("needs", "empty");
        }
        if let Some(need) = card.needs.iter().find(|n| !NEEDS.contains(&n.as_str())) {
            complain("needs", &format!("\"{need}\" is no fact"));
        }
        if card.status == Status::Stable && card.proven.trim().is_empty() {
            complain("proven", "a stable rule says what it was run on");
        }
        let numbers = card.since.split('.').map(str::parse::<u32>);
        if numbers.clone().count() != 3 || numbers.clone().any(|number| number.is_err()) {
            complain("since", "not a version");
        }
    }
    none(&complaints);
}

#[test]
fn cards_are_ascii_and_fit_a_terminal() {
    let mut complaints = Vec::new();
    for path in files_below("rules") {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if !line.is_ascii() || line.chars().any(|c| c.is_ascii_control()) {
                complaints.push(format!("{}:{}: not ASCII", shown(&path), number + 1));
            }
            // A regular expression cannot be folded.
            let is_regex = shown(&path).starts_with(UPGRADES) && line.contains('\'');
            let is_card = path.extension().is_some_and(|end| end == "toml");
            if is_card && line.len() > 80 && !line.contains("https://") && !is_regex {
                complaints.push(format!("{}:{}: over 80 columns", shown(&path), number + 1));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_rule_has_a_bad_a_good_and_an_undecided_fixture() {
    let mut complaints = Vec::new();
    for id in all_ids() {
        let dir = repository(&format!("fixtures/{id}"));
        let names: Vec<String> = std::fs::read_dir(&dir).map_or(Vec::new(), |entries| {
            let entries = entries.map(Result::unwrap);
            entries
                .map(|e| e.file_name().into_string().unwrap())
                .collect()
        });
        for kind in ["bad-", "good-", "undecided-"] {
            if !names.iter().any(|name| name.starts_with(kind)) {
                complaints.push(format!("fixtures/{id}: no case {kind}*"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_boundary_is_whole_and_has_a_bad_and_a_good_tree() {
    let upgrades = parse_upgrades().unwrap_or_else(|error| panic!("{error}"));
    assert!(upgrades.len() >= 25, "boundaries were lost");
    let id = regex::Regex::new("^[a-z][a-z0-9]*([.-][a-z0-9]+)+$").unwrap();
    let mut complaints = Vec::new();
    for (name, boundary) in &upgrades {
        let mut complain = |what: String| complaints.push(format!("{UPGRADES}{name}: {what}"));
        if !id.is_match(name) {
            complain("its name is not of words joined by hyphens".into());
        }
        for kind in ["bad", "good"] {
            let case = format!("fixtures/packages-boundary-crossed/{kind}-{name}/case.toml");
            if !repository(&case).exists() {
                complain(format!("no {case}"));
            }
        }
        let goes_on = boundary
            .breaks
            .starts_with(|c: char| c.is_ascii_lowercase());
        if !goes_on || boundary.breaks.ends_with('.') {
            complain("breaks: goes on behind a package's name, without a dot".into());
        }
        if !boundary.fix.ends_with('.') || !boundary.proven.trim().ends_with('.') {
            complain("fix and proven end with a dot".into());
        }
        let grave = [Impact::NoBoot, Impact::NoNetwork, Impact::NoAccess];
        let is_grave = boundary.impact.iter().any(|impact| grave.contains(impact));
        if boundary.impact.is_empty() || boundary.level == Level::Block && !is_grave {
            complain("impact: none, or none that blocks".into());
        }
        if boundary.sources.is_empty() || boundary.when.is_empty() || boundary.since.is_empty() {
            complain("needs sources, since and when".into());
        }
        for since in &boundary.since {
            let number = since.version.starts_with(|c: char| c.is_ascii_digit());
            if !FAMILIES.contains(&since.family.as_str()) || !number || since.packages.is_empty() {
                complain(format!("since: {since:?}"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_fixture_folder_belongs_to_a_rule() {
    let Ok(entries) = std::fs::read_dir(repository("fixtures")) else {
        return;
    };
    let ids = all_ids();
    let mut complaints = Vec::new();
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let is_dir = entry.file_type().unwrap().is_dir();
        // Whole stories, and healthy trees that cases build on.
        let shared = ["incidents", "base", "bases", "gates"].contains(&name.as_str());
        if is_dir && !shared && !ids.contains(&name.as_str()) {
            complaints.push(format!("fixtures/{name}: no rule of that id"));
        }
    }
    none(&complaints);
}

#[test]
fn every_rule_stands_in_the_manual() {
    let manual = std::fs::read_to_string(repository("man/comeback-rules.7")).unwrap();
    for id in all_ids() {
        assert!(manual.contains(&format!(".Ss {id}\n")), "{id}");
    }
}

#[test]
fn files_stay_small_enough_to_read() {
    let mut complaints = Vec::new();
    for path in files_below("src") {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        let name = shown(&path);
        let depth = name.matches('/').count();
        let is_rule = name.starts_with("src/rules/") && depth == 3 && !name.ends_with("/mod.rs");
        let most = if is_rule { 200 } else { 800 };
        if lines > most {
            complaints.push(format!("{name}: {lines} lines, more than {most}"));
        }
    }
    none(&complaints);
}
