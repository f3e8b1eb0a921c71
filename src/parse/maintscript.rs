//! What maintainer scripts have done by dpkg-maintscript-helper (dpkg 1.21
//! `scripts/dpkg-maintscript-helper.sh`; debhelper 13 `dh_installdeb` writes the calls).
//!
//! | in the script | here |
//! |---|---|
//! | a call on a line of its own, also in an `if` or a `case` | taken: the program looks at the script's own words by itself |
//! | a line that goes on behind a backslash | read as one |
//! | `1.2-3\~`, `'...'`, `"..."` | without the quoting |
//! | a word with `$` or a backquote in front of `--` | not followed: there is a call that is not read |
//! | one of its commands behind another word, in no shell, beyond the limit | the same |
//! | a comment, another of its commands | no call |
//!
//! What stands in `preinst` decides: without it the same call in `postinst` finds nothing
//! to finish, but for a configuration file that gets another name.

use std::path::PathBuf;

/// What is done with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Configuration is given up: what was changed goes beside it, the rest goes.
    Remove(PathBuf),
    /// Configuration has another name: what was changed goes there.
    Move(PathBuf, PathBuf),
    /// A link with this target becomes the directory that the package ships.
    LinkToDir(PathBuf, PathBuf),
    /// A directory becomes a link with this target.
    DirToLink(PathBuf, PathBuf),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is done.
    pub change: Change,
    /// The last version with the old path; of every version, where none is given.
    pub last_version: Option<String>,
    /// The package whose path that is, where it is not that of the script.
    pub package: Option<String>,
}

/// What a script does by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The calls that were read.
    pub read: Vec<Call>,
    /// Whether there are more.
    pub has_unread: bool,
}

/// The program.
const HELPER: &str = "dpkg-maintscript-helper";
/// What it does with paths.
const COMMANDS: [&str; 4] = [
    "rm_conffile",
    "mv_conffile",
    "symlink_to_dir",
    "dir_to_symlink",
];
/// Most calls of one script that are read.
const MOST: usize = 1000;

/// The calls in a script.
#[must_use]
pub fn calls(script: &[u8]) -> Calls {
    let mut calls = Calls::default();
    // Nearly no script has any.
    if memchr::memmem::find(script, HELPER.as_bytes()).is_none() {
        return calls;
    }
    let text = String::from_utf8_lossy(script).replace("\\\n", " ");
    for line in text.lines().filter(|line| is_call(line)) {
        match call(line) {
            Some(call) if calls.read.len() < MOST => calls.read.push(call),
            _ => calls.has_unread = true,
        }
    }
    calls
}

/// Whether a line has the program with one of these commands somewhere.
fn is_call(line: &str) -> bool {
    let line = line.trim_start();
    let is_of_helper = |after: &str| {
        let command = after.split_whitespace().next();
        command.is_some_and(|command| COMMANDS.contains(&command))
    };
    !line.starts_with('#') && line.split(HELPER).skip(1).any(is_of_helper)
}

fn call(line: &str) -> Option<Call> {
    let line = line.trim_start();
    let (program, rest) = line.split_once([' ', '\t'])?;
    if program.rsplit('/').next() != Some(HELPER) {
        return None;
    }
    let words = words(rest)?;
    let mut words = words.iter().map(String::as_str);
    let what = words.next()?;
    let path = absolute(words.next()?)?;
    let change = match what {
        "rm_conffile" => Change::Remove(path),
        "mv_conffile" => Change::Move(path, absolute(words.next()?)?),
        "symlink_to_dir" => Change::LinkToDir(path, words.next()?.into()),
        "dir_to_symlink" => Change::DirToLink(path, words.next()?.into()),
        _ => return None,
    };
    let mut given = || words.next().filter(|word| !word.is_empty());
    Some(Call {
        change,
        last_version: given().map(str::to_owned),
        package: given().map(str::to_owned),
    })
}

/// A path below the root; a slash at its end says nothing.
fn absolute(word: &str) -> Option<PathBuf> {
    super::archive::absolute(word.strip_prefix('/')?.as_bytes()).ok()
}

/// The words in front of `--`; none where one of them is not known, or the call has none.
fn words(text: &str) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    let mut quote = None;
    loop {
        let next = chars.next();
        match (next, quote) {
            (None | Some(' ' | '\t' | ';' | '&' | '|'), None) => {
                if word.as_deref() == Some("--") {
                    return Some(out);
                }
                out.extend(word.take());
                // The helper refuses a call without `--`.
                if !matches!(next, Some(' ' | '\t')) {
                    return None;
                }
            }
            (None | Some('`'), _) => return None,
            (Some('$'), None | Some('"')) => return None,
            (Some(c), Some(end)) if c == end => quote = None,
            (Some(c @ ('"' | '\'')), None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some('\\'), None) => word.get_or_insert_default().push(chars.next()?),
            (Some('\\'), Some('"')) => return None,
            (Some(c), _) => word.get_or_insert_default().push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_as_debhelper_and_people_write_them() {
        let script = b"#!/bin/sh\nset -e\n# dpkg-maintscript-helper rm_conffile /no 1 -- \"$@\"\n\
            dpkg-maintscript-helper rm_conffile /etc/iproute2/rt_tables 6.5.0-3\\~ -- \"$@\"\n\
            if dpkg-maintscript-helper supports mv_conffile; then\n\
            \tdpkg-maintscript-helper mv_conffile '/etc/a b' /etc/c \\\n  '1:2~' tool -- \"$@\"\n\
            fi\n\
            dpkg-maintscript-helper dir_to_symlink /usr/share/a/ ../b -- \"$@\" || true\n\
            /usr/bin/dpkg-maintscript-helper symlink_to_dir /usr/lib/a \"/usr/b\" \"\" -- \"$@\"\n";
        let call = |change, last: Option<&str>, package: Option<&str>| Call {
            change,
            last_version: last.map(str::to_owned),
            package: package.map(str::to_owned),
        };
        let path = PathBuf::from;
        let found = calls(script);
        assert!(!found.has_unread);
        assert_eq!(
            found.read,
            [
                call(
                    Change::Remove(path("/etc/iproute2/rt_tables")),
                    Some("6.5.0-3~"),
                    None
                ),
                call(
                    Change::Move(path("/etc/a b"), path("/etc/c")),
                    Some("1:2~"),
                    Some("tool")
                ),
                call(
                    Change::DirToLink(path("/usr/share/a"), path("../b")),
                    None,
                    None
                ),
                call(
                    Change::LinkToDir(path("/usr/lib/a"), path("/usr/b")),
                    None,
                    None
                ),
            ]
        );
    }

    #[test]
    fn a_call_that_is_not_written_out_is_told() {
        for line in [
            "dpkg-maintscript-helper rm_conffile \"$file\" 1 -- \"$@\"",
            "dpkg-maintscript-helper rm_conffile /etc/a $(version) -- \"$@\"",
            "dpkg-maintscript-helper rm_conffile /etc/a `version` -- \"$@\"",
            "dpkg-maintscript-helper rm_conffile /etc/a 1",
            "dpkg-maintscript-helper rm_conffile etc/a 1 -- \"$@\"",
            "dpkg-maintscript-helper rm_conffile /etc/../a 1 -- \"$@\"",
            "dpkg-maintscript-helper mv_conffile /etc/a -- \"$@\"",
            "dpkg-maintscript-helper rm_conffile '/etc/a 1 -- \"$@\"",
            "echo dpkg-maintscript-helper rm_conffile /etc/a 1 -- \"$@\"",
            "exec dpkg-maintscript-helper rm_conffile /etc/a 1 -- \"$@\"",
            "if ! dpkg-maintscript-helper rm_conffile /etc/a 1 -- \"$@\"; then",
            "system('dpkg-maintscript-helper dir_to_symlink /etc/a b 1 -- ' . $ARGV[0]);",
        ] {
            let unread = Calls {
                read: Vec::new(),
                has_unread: true,
            };
            assert_eq!(calls(line.as_bytes()), unread, "{line}");
        }
        for line in [
            "dpkg-maintscript-helper other /etc/a 1 -- \"$@\"",
            "dpkg-maintscript-helper",
            "if dpkg-maintscript-helper supports rm_conffile 2>/dev/null; then",
            "command -v dpkg-maintscript-helper",
            "  # dpkg-maintscript-helper rm_conffile /etc/a 1 -- \"$@\"",
        ] {
            assert_eq!(calls(line.as_bytes()), Calls::default(), "{line}");
        }
        let line = "dpkg-maintscript-helper rm_conffile /etc/a 1 -- \"$@\"\n";
        let most = calls(line.repeat(MOST).as_bytes());
        assert!(most.read.len() == MOST && !most.has_unread);
        let more = calls(line.repeat(MOST + 1).as_bytes());
        assert!(more.read.len() == MOST && more.has_unread);
        // In single quotes a dollar is one.
        let plain = "dpkg-maintscript-helper rm_conffile '/etc/$a' -- \"$@\"";
        assert_eq!(
            calls(plain.as_bytes()).read[0].change,
            Change::Remove("/etc/$a".into())
        );
    }
}
