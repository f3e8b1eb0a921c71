//! The option files of `MySQL` and `MariaDB` (`MariaDB` 10.11 `mysys/my_default.c`), and what
//! Galera keeps beside the data (Galera 4 `galera/src/saved_state.cpp`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::text::{File, Place};

/// Where the server looks, in this order; the last of an option counts.
const FILES: [&str; 2] = ["/etc/my.cnf", "/etc/mysql/my.cnf"];
/// Sections that the server reads, without the version that may follow.
const SECTIONS: [&str; 6] = [
    "mysqld",
    "server",
    "mariadb",
    "mariadbd",
    "client-server",
    "galera",
];
/// Files inside each other at most.
const DEPTH: usize = 8;
/// Most files.
const MOST: usize = 200;

/// An option of the server.
#[derive(Clone, Debug)]
pub struct MyOption {
    /// Its name, with underscores.
    pub name: String,
    /// Its value, without quotes; none where it is only named.
    pub value: String,
    /// Its line.
    pub place: Place,
}

/// The options of the server, in the order in which they count.
#[must_use]
pub fn options(host: &Host) -> Listing<MyOption> {
    let mut out = Listing::new();
    let mut left = MOST;
    for path in FILES {
        // One is often a link to the other, or to a file that includes the rest.
        match host.tree().read(Path::new(path)) {
            Fact::Known(file) => collect(host, &file, 0, &mut left, &mut out),
            other => {
                out.take(other);
            }
        }
    }
    out
}

/// The last option of a name.
#[must_use]
pub fn last<'a>(options: &'a [MyOption], name: &str) -> Option<&'a MyOption> {
    options.iter().rfind(|option| option.name == name)
}

fn collect(
    host: &Host,
    file: &Arc<File>,
    depth: usize,
    left: &mut usize,
    out: &mut Listing<MyOption>,
) {
    if depth >= DEPTH || *left == 0 {
        let doubt = Doubt::Limit(format!(
            "more than {MOST} files, or {DEPTH} inside each other"
        ));
        out.gaps.push(Unknown::new(file.path(), doubt));
        return;
    }
    *left -= 1;
    let mut counts = false;
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line).into_owned();
        let text = text.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if let Some(directory) = text.strip_prefix("!includedir") {
            let entries = out.take_gaps(host.tree().entries(Path::new(directory.trim())));
            let mut files: Vec<PathBuf> = entries;
            files.retain(|path| path.extension().is_some_and(|end| end == "cnf"));
            for path in files {
                include(host, &path, depth, left, out);
            }
        } else if let Some(path) = text.strip_prefix("!include") {
            include(host, Path::new(path.trim()), depth, left, out);
        } else if let Some(section) = text.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or("").trim();
            counts = SECTIONS.iter().any(|own| {
                let rest = section.strip_prefix(own);
                let version = |rest: &str| {
                    let digits = rest.strip_prefix('-');
                    digits.is_some_and(|d| d.starts_with(|c: char| c.is_ascii_digit()))
                };
                rest.is_some_and(|rest| rest.is_empty() || version(rest))
            });
        } else if counts {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            out.items.push(MyOption {
                name: name.trim().replace('-', "_").to_ascii_lowercase(),
                value: plain(value),
                place: file.place(span),
            });
        }
    }
}

fn include(host: &Host, path: &Path, depth: usize, left: &mut usize, out: &mut Listing<MyOption>) {
    if let Some(file) = out.take(host.tree().read(path)) {
        collect(host, &file, depth + 1, left, out);
    }
}

/// A value without its quotes, or without the comment behind it.
fn plain(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest).to_owned();
        }
    }
    let end = value.find(" #").or_else(|| value.find("\t#"));
    value
        .get(..end.unwrap_or(value.len()))
        .unwrap_or(value)
        .trim()
        .to_owned()
}

/// Where the data lies.
#[must_use]
pub fn data_directory(options: &[MyOption]) -> PathBuf {
    let named = last(options, "datadir").map(|option| option.value.as_str());
    let named = named.filter(|dir| dir.starts_with('/'));
    PathBuf::from(named.unwrap_or("/var/lib/mysql"))
}

/// What Galera knows of a member.
#[derive(Clone, Debug)]
pub struct Member {
    /// Whether it has been in a cluster.
    pub was_in_a_cluster: bool,
    /// `safe_to_bootstrap`, with its line where there is one.
    pub may_begin: Option<(bool, Place)>,
}

/// `grastate.dat` beside the data; absent where the server was never in a cluster.
pub fn member(host: &Host, data: &Path) -> Fact<Member> {
    host.tree().read(&data.join("grastate.dat")).map(|file| {
        let value = |key: &str| {
            file.lines().find_map(|(span, line)| {
                let text = String::from_utf8_lossy(line).into_owned();
                let value = text.trim().strip_prefix(key)?.strip_prefix(':')?;
                Some((value.trim().to_owned(), file.place(span)))
            })
        };
        let uuid = value("uuid").map(|(text, _)| text);
        let zero = |uuid: &String| uuid.chars().all(|c| c == '0' || c == '-');
        let may_begin = value("safe_to_bootstrap");
        Member {
            was_in_a_cluster: uuid.is_some_and(|uuid| !uuid.is_empty() && !zero(&uuid)),
            may_begin: may_begin.map(|(text, place)| (text == "1", place)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    #[test]
    fn the_last_option_of_the_servers_sections_counts() {
        let mut source = MemSource::new();
        source
            .file("/etc/mysql/my.cnf", "[client]\nport=1\n[mysqld]\ndatadir = /a\n!includedir /etc/mysql/conf.d/\n")
            .file("/etc/mysql/conf.d/b.cnf", "[mariadb-10.11]\nwsrep-cluster-address=\"gcomm://a,b\" # x\n[mysqldump]\ndatadir=/no\n")
            .file("/etc/mysql/conf.d/c.cnf", "[galera]\ndatadir=/b # there\n#datadir=/c\n")
            .file("/etc/mysql/conf.d/d.txt", "[mysqld]\ndatadir=/no\n");
        let tree = Tree::for_tests(source, Coverage::full(true));
        let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
        let options = options(&host).items;
        assert_eq!(data_directory(&options), Path::new("/b"));
        let address = last(&options, "wsrep_cluster_address").unwrap();
        assert_eq!(address.value, "gcomm://a,b");
        assert!(last(&options, "port").is_none());
    }
}
