//! Which accounts sshd would let in, and by what (OpenSSH 9.2 `auth.c`, `auth2-pubkey.c`,
//! `misc.c`).

use std::path::{Path, PathBuf};

use super::people::{Password, Person};
use crate::fact::{Fact, Unknown};
use crate::facts::Host;
use crate::parse::sshd_config::{Config, Holds, User};
use crate::source::{FileKind, Tree};
use crate::text::{Place, escape};

/// What an account comes to.
#[derive(Clone, Debug)]
pub struct Door {
    /// The account.
    pub name: String,
    /// Whether it has a file of keys, or a password that could be meant for ssh.
    pub has_means: bool,
    /// Whether it gets in.
    pub state: State,
}

/// Whether an account gets in.
#[derive(Clone, Debug)]
pub enum State {
    /// By these means.
    Open(Vec<&'static str>),
    /// That hangs on something that is not looked at here.
    Perhaps(String),
    /// It does not, for this reason, said at this line.
    Shut(String, Option<Place>),
    /// It could not be looked at.
    Unknown(Unknown),
}

/// Shells that let nobody work.
const CLOSED: [&str; 6] = ["nologin", "false", "true", "sync", "shutdown", "halt"];

/// Every account that somebody could work with.
#[must_use]
pub fn doors(host: &Host, config: &Config, people: &[Person]) -> Vec<Door> {
    let closed = |person: &&Person| {
        let name = person
            .shell
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        !name.is_some_and(|name| CLOSED.contains(&name.as_str()))
    };
    let people = people.iter().filter(closed);
    people.map(|person| door(host, config, person)).collect()
}

fn door(host: &Host, config: &Config, person: &Person) -> Door {
    let tree = host.tree();
    let user = User {
        name: &person.name,
        groups: &person.groups,
    };
    let keys = keys(tree, config, person, &user);
    // By default root's password is for the console alone.
    let by_word = person.uid != 0
        || config
            .values("permitrootlogin", &user)
            .may_be(&["yes"], "prohibit-password");
    let has_means = (person.password == Password::Set && by_word)
        || matches!(keys, Keys::Some | Keys::Refused(_));
    let state = match refused(host, config, person, &user) {
        Some(state) => state,
        None => means(config, person, &user, keys),
    };
    Door {
        name: escape(&person.name),
        has_means,
        state,
    }
}

/// Why an account gets in by no means at all (`allowed_user`, `auth_root_allowed`).
fn refused(host: &Host, config: &Config, person: &Person, user: &User<'_>) -> Option<State> {
    let chroot = config.values("chrootdirectory", user);
    if chroot.lines.is_empty() {
        match host.resolve(&person.shell) {
            Fact::Known(found) if found.meta.kind == FileKind::File => {
                if !found.meta.any_execute_bit() {
                    let why = format!("its shell {} cannot be executed", shown(&person.shell));
                    return Some(State::Shut(why, None));
                }
            }
            Fact::Known(_) | Fact::Absent(_) => {
                let why = format!("its shell {} is not there", shown(&person.shell));
                return Some(State::Shut(why, None));
            }
            Fact::Unknown(unknown) => return Some(State::Unknown(unknown)),
            Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
    if person.uid == 0 {
        let root = config.values("permitrootlogin", user);
        if root.sure && !root.may_be(&["yes", "prohibit-password", "without-password"], "no") {
            let line = root.lines.first()?;
            let value = line.args.first().map_or(String::new(), |arg| escape(arg));
            let why = format!("PermitRootLogin {value}");
            return Some(State::Shut(why, Some(line.place.clone())));
        }
    }
    let today = host.now().as_second().div_euclid(86400);
    if person.expires.is_some_and(|day| day > 0 && day <= today) {
        return Some(State::Shut("the account has expired".to_owned(), None));
    }
    list_refuses(config, person, user)
}

/// What `AllowUsers` and its like say. A pattern that names hosts too may let in.
fn list_refuses(config: &Config, person: &Person, user: &User<'_>) -> Option<State> {
    let is_named = |pattern: &Vec<u8>, names: &[Vec<u8>]| {
        let name = pattern.split(|b| *b == b'@').next().unwrap_or(pattern);
        names.iter().any(|own| Config::matches(own, name))
    };
    let own = [person.name.clone()];
    for (keyword, names) in [("denyusers", &own[..]), ("denygroups", &person.groups[..])] {
        for (line, holds) in config.every(keyword, user) {
            let whole = |pattern: &&Vec<u8>| !pattern.contains(&b'@') && is_named(pattern, names);
            if holds == Holds::Yes && line.args.iter().any(|pattern| whole(&pattern)) {
                let why = format!("it is in {}", proper(keyword));
                return Some(State::Shut(why, Some(line.place.clone())));
            }
        }
    }
    for (keyword, names) in [
        ("allowusers", &own[..]),
        ("allowgroups", &person.groups[..]),
    ] {
        let lines = config.every(keyword, user);
        let sure = lines.iter().any(|(_, holds)| *holds == Holds::Yes);
        let named = lines
            .iter()
            .any(|(line, _)| line.args.iter().any(|p| is_named(p, names)));
        if sure && !named {
            let line = lines.first().map(|(line, _)| line.place.clone());
            let why = format!("it is not in {}", proper(keyword));
            return Some(State::Shut(why, line));
        }
    }
    None
}

fn proper(keyword: &str) -> &'static str {
    match keyword {
        "denyusers" => "DenyUsers",
        "denygroups" => "DenyGroups",
        "allowusers" => "AllowUsers",
        _ => "AllowGroups",
    }
}

/// By which means an account gets in.
fn means(config: &Config, person: &Person, user: &User<'_>, keys: Keys) -> State {
    let may = |keyword: &str, default: &str| config.values(keyword, user).may_be(&["yes"], default);
    let root = person.uid == 0;
    let by_word =
        may("passwordauthentication", "yes") || may("kbdinteractiveauthentication", "yes");
    let root_by_word = config
        .values("permitrootlogin", user)
        .may_be(&["yes"], "prohibit-password");
    let by_word = by_word && (!root || root_by_word);
    let by_key = may("pubkeyauthentication", "yes");
    let mut open = Vec::new();
    if by_key && keys == Keys::Some {
        open.push("key");
    }
    let empty = person.password == Password::Empty && may("permitemptypasswords", "no");
    if by_word && (person.password == Password::Set || empty) {
        open.push("password");
    }
    if !open.is_empty() {
        return State::Open(open);
    }
    let set = |keyword: &str| {
        let lines = config.values(keyword, user).lines;
        lines.iter().any(|d| {
            d.args
                .first()
                .is_some_and(|arg| !arg.eq_ignore_ascii_case(b"none"))
        })
    };
    for (keyword, word) in [
        (
            "authorizedkeyscommand",
            "AuthorizedKeysCommand may give it keys",
        ),
        ("trustedusercakeys", "a certificate may let it in"),
    ] {
        if by_key && set(keyword) {
            return State::Perhaps(word.to_owned());
        }
    }
    for (keyword, word) in [
        ("gssapiauthentication", "GSSAPI may let it in"),
        ("kerberosauthentication", "Kerberos may let it in"),
        ("hostbasedauthentication", "its host may let it in"),
    ] {
        if may(keyword, "no") {
            return State::Perhaps(word.to_owned());
        }
    }
    match keys {
        Keys::Unknown(unknown) => return State::Unknown(unknown),
        Keys::Hidden(path) if by_key => {
            return State::Perhaps(format!("{} is not in this tree", shown(&path)));
        }
        _ => {}
    }
    let has_word = person.password == Password::Set;
    let word = if has_word {
        "passwords are off for it"
    } else {
        "it has no password"
    };
    let key = match (&keys, by_key) {
        (Keys::Refused(why), true) => why.clone(),
        (Keys::Some | Keys::Refused(_), false) => "keys are off".to_owned(),
        _ => "it has no key".to_owned(),
    };
    let keyword = if has_word {
        "passwordauthentication"
    } else {
        "pubkeyauthentication"
    };
    let keyword = if root && has_word {
        "permitrootlogin"
    } else {
        keyword
    };
    let line = config
        .values(keyword, user)
        .lines
        .first()
        .map(|d| d.place.clone());
    State::Shut(format!("{word}, and {key}"), line)
}

/// Files of keys of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Keys {
    /// There is a key.
    Some,
    /// There is none.
    None,
    /// There is one, and sshd does not look at it: why.
    Refused(String),
    /// A file system that is not here may hold some.
    Hidden(PathBuf),
    /// It could not be looked at.
    Unknown(Unknown),
}

fn keys(tree: &Tree, config: &Config, person: &Person, user: &User<'_>) -> Keys {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let values = config.values("authorizedkeysfile", user);
    for line in &values.lines {
        names.extend(line.args.iter().cloned());
    }
    if !values.sure {
        names.extend([&b".ssh/authorized_keys"[..], b".ssh/authorized_keys2"].map(<[u8]>::to_vec));
    }
    let strict = config.values("strictmodes", user).may_be(&["yes"], "yes");
    let mut answer = Keys::None;
    for name in names
        .iter()
        .filter(|name| !name.eq_ignore_ascii_case(b"none"))
    {
        let Some(path) = expanded(name, person) else {
            return Keys::Hidden(PathBuf::from(escape(name)));
        };
        match tree.read(&path) {
            Fact::Known(file) if has_key(file.bytes()) => match refusal(tree, &path, person) {
                Some(why) if strict => answer = Keys::Refused(why),
                _ => return Keys::Some,
            },
            Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) => {}
            Fact::Unknown(unknown) => answer = Keys::Unknown(unknown),
            Fact::NotCovered(_) => answer = Keys::Hidden(path),
        }
    }
    answer
}

/// `expand_authorized_keys`: `%h`, `%u`, `%U` and `%%`; below the home where it is
/// relative.
fn expanded(name: &[u8], person: &Person) -> Option<PathBuf> {
    let mut text = String::new();
    let mut chars = std::str::from_utf8(name).ok()?.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match chars.next()? {
            '%' => text.push('%'),
            'h' => text.push_str(person.home.to_str()?),
            'u' => text.push_str(std::str::from_utf8(&person.name).ok()?),
            'U' => text.push_str(&person.uid.to_string()),
            _ => return None,
        }
    }
    Some(if text.starts_with('/') {
        PathBuf::from(text)
    } else {
        person.home.join(text)
    })
}

/// Whether a line could be a key: not empty, no comment.
fn has_key(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| line.len() > 20 && !line.starts_with(b"#"))
}

/// Why `safe_path` refuses a file of keys: it, or a directory on the way up to the home,
/// belongs to another or may be written by others. Debian lets the group write where it
/// is the user's own.
fn refusal(tree: &Tree, path: &Path, person: &Person) -> Option<String> {
    if !tree.coverage().owners {
        return None;
    }
    let mut at = Some(path);
    while let Some(here) = at {
        if let Fact::Known(found) = tree.resolve(here) {
            let meta = found.meta;
            if meta.uid != 0 && meta.uid != person.uid {
                return Some(format!("{} belongs to another user", shown(here)));
            }
            let own_group = person.own_group == Some(meta.gid);
            if meta.mode & 0o002 != 0 || (meta.mode & 0o020 != 0 && !own_group) {
                return Some(format!("{} may be written by others", shown(here)));
            }
        }
        if here == person.home {
            return None;
        }
        at = here.parent().filter(|parent| *parent != Path::new("/"));
    }
    None
}

fn shown(path: &Path) -> String {
    crate::text::escape_path(path)
}
