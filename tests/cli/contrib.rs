//! What lies in contrib: its pages name what is there, and the packages hold it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use super::support::PROGRAM;

/// The files below a folder, relative to it.
fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let walk = walkdir::WalkDir::new(folder).into_iter();
    let files = walk.map(Result::unwrap).filter(|e| e.file_type().is_file());
    let relative = files.map(|e| e.path().strip_prefix(folder).unwrap().to_path_buf());
    relative.collect()
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_packages_hold_all_of_contrib_and_switch_nothing_on() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .arg(top().join("contrib/package/stage"))
        .args([Path::new(PROGRAM), folder.path()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for kind in ["deb", "rpm"] {
        let mut held = BTreeSet::new();
        for part in ["any/644", "any/755", &format!("{kind}/644")] {
            held.extend(files_below(&folder.path().join(part)));
        }
        for file in files_below(&top().join("contrib")) {
            let own = file.starts_with("package");
            let page = file.extension().is_some_and(|e| e == "md");
            let place = if page { "doc/comeback" } else { "comeback" };
            let place = Path::new("usr/share")
                .join(place)
                .join("contrib")
                .join(&file);
            assert_eq!(held.contains(&place), !own, "{kind}: {}", place.display());
        }
        for page in [
            "man1/comeback.1",
            "man5/comeback.toml.5",
            "man7/comeback-rules.7",
        ] {
            assert!(
                held.contains(&Path::new("usr/share/man").join(page)),
                "{kind}: {page}"
            );
        }
        // What is below these would be on at once.
        let on = ["etc", "lib", "usr/lib/systemd", "usr/share/libalpm"];
        let on = |file: &&PathBuf| on.iter().any(|folder| file.starts_with(folder));
        assert_eq!(held.iter().find(on), None, "{kind}");
        let own = ["usr/bin", "usr/lib/comeback", "usr/share"];
        let strange = |file: &&PathBuf| !own.iter().any(|folder| file.starts_with(folder));
        assert_eq!(held.iter().find(strange), None, "{kind}");
    }
    let hook = folder.path().join("any/755/usr/lib/comeback/apt-hook");
    assert!(hook.is_file());
}

#[test]
fn completions_know_every_command() {
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = Regex::new("(?m)^  ([a-z]+) +[A-Z]").unwrap();
    let commands: Vec<&str> = commands
        .captures_iter(&help)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    assert!(commands.len() > 10, "{help}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = Command::new(PROGRAM)
            .args(["completions", shell])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for command in &commands {
            assert!(text.contains(command), "{shell}: {command}");
        }
        // It answers look-ups of this program alone.
        assert!(!text.contains("read-helper"), "{shell}");
    }
}

#[test]
fn pages_of_contrib_name_files_that_are_there() {
    let named = Regex::new(r"\b((?:contrib|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_])").unwrap();
    let mut seen = 0;
    for file in files_below(&top().join("contrib")) {
        if file.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = std::fs::read_to_string(top().join("contrib").join(&file)).unwrap();
        for path in named.captures_iter(&page).map(|found| found[1].to_owned()) {
            // A pattern of the shell ends before its star; a page says OWNER/comeback/contrib.
            let at = top().join(&path);
            let folder = at.parent().unwrap();
            let name = at.file_name().unwrap().to_string_lossy().into_owned();
            let found = at.exists()
                || std::fs::read_dir(folder).is_ok_and(|mut entries| {
                    entries.any(|e| e.unwrap().file_name().to_string_lossy().starts_with(&name))
                });
            assert!(found, "{}: {path}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}
