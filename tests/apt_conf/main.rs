//! Configurations of apt against what apt itself said of them: `cases.txt`, and its
//! answers in `said/`. Nothing is run here; `README.md` tells how the answers were taken
//! down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use comeback::parse::apt_conf::{Config, Included, Refusal, is_read, read};
use comeback::text::File;

type Files = BTreeMap<String, Arc<File>>;

/// The cases, by what they show.
fn cases(text: &str) -> Vec<(String, Files)> {
    let mut out = Vec::new();
    for case in text.split("== ").skip(1) {
        let (name, files) = case.split_once('\n').unwrap();
        let files = files.split("-- ").skip(1).map(|file| {
            let (path, content) = file.split_once('\n').unwrap();
            let content = content.replace("<TAB>", "\t").replace("<CR>", "\r");
            let content = content.replace("<NUL>", "\0").replace("<NONL>\n", "");
            (path.to_owned(), File::new(path, content))
        });
        out.push((name.to_owned(), files.collect()));
    }
    out
}

fn below(files: &Files, dir: &str) -> Vec<Arc<File>> {
    let inside = files.iter().filter(|(path, _)| {
        let name = path.strip_prefix(dir);
        name.is_some_and(|name| is_read(name.as_bytes()))
    });
    inside.map(|(_, file)| Arc::clone(file)).collect()
}

/// What apt has at its start, in the words of the record.
fn said(files: &Files) -> String {
    let mut config = Config::new();
    let mut refused: Option<Refusal> = None;
    let mut order = below(files, "apt.conf.d/");
    order.extend(files.get("apt.conf").cloned());
    for file in order {
        let found = read(&mut config, &file, &mut |name| {
            let name = String::from_utf8(name.to_vec()).unwrap();
            match files.get(&name) {
                Some(file) => Included::Files(vec![Arc::clone(file)]),
                None if name.ends_with('/') => Included::Files(below(files, &name)),
                None => Included::Missing,
            }
        });
        refused = refused.or(found.err());
    }
    let mut out = String::new();
    for (name, option) in config.all() {
        // apt has this one anyhow.
        if name == b"APT" && option.value.is_empty() {
            continue;
        }
        let name = String::from_utf8(name).unwrap().replace(' ', "%20");
        let value = String::from_utf8(option.value.clone()).unwrap();
        writeln!(out, "{name} \"{value}\";").unwrap();
    }
    if let Some(refused) = refused {
        let (path, mut line) = (refused.place.path().display(), refused.place.start().line);
        // apt counts the line behind the last one.
        line += usize::from(refused.message.ends_with("at end of file"));
        writeln!(out, "refused {path}:{line}: {}", refused.message).unwrap();
    }
    out
}

#[test]
fn options_are_those_apt_has() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apt_conf");
    let text = std::fs::read_to_string(dir.join("cases.txt")).unwrap();
    let answers = std::fs::read_to_string(dir.join("said/2.6.1.txt")).unwrap();
    let answers: BTreeMap<&str, &str> = answers
        .split("== ")
        .skip(1)
        .map(|answer| answer.split_once('\n').unwrap())
        .collect();
    let mut wrong = Vec::new();
    let cases = cases(&text);
    assert!(cases.len() >= 50, "{}", cases.len());
    assert_eq!(answers.len(), cases.len());
    for (name, files) in &cases {
        let (found, expected) = (said(files), answers[name.as_str()]);
        // apt names the directive that it does not know.
        let same = |found: &str, expected: &str| {
            found == expected || expected.starts_with(&format!("{found} '"))
        };
        let pairs = found.lines().zip(expected.lines());
        let count = (found.lines().count(), expected.lines().count());
        if count.0 != count.1 || !pairs.into_iter().all(|(a, b)| same(a, b)) {
            wrong.push(format!("{name}\n--- apt\n{expected}--- here\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
