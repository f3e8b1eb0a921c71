use super::*;
use crate::facts::Given;
use crate::source::{Coverage, FaultSource, Injected, MemSource, Tree};

fn files() -> MemSource {
    let mut source = MemSource::new();
    source
        .file(
            "/var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nVersion: 3:14.2-1\n",
        )
        .file("/etc/a.conf", "# old = 1\nnew = 2 # old\n  old = 3\n")
        .file("/etc/a.d/1.conf", "[one]\nold = 'x'\n[two]\nolder = y\n")
        .file("/etc/default/a", "OLD=first\nexport OLD=\"second\"\n")
        .file("/data/VERSION", "13\n")
        .link("/etc/link", "../run/x")
        .dir("/etc/a.d/2.conf");
    source
}

fn host(source: impl crate::source::Source + 'static) -> Host {
    let tree = Tree::for_tests(source, Coverage::full(true));
    Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default())
}

fn signs(host: &Host, condition: &str) -> Fact<Vec<Sign>> {
    let condition: Condition = toml::from_str(condition).unwrap();
    condition.signs(host, "3:14.2-1")
}

/// What is found, for people.
fn said(condition: &str) -> String {
    match signs(&host(files()), condition) {
        Fact::Known(signs) => {
            let text = |sign: &Sign| match sign {
                Sign::Line(place) => place.to_string(),
                Sign::Path(path, what) => format!("{} {what}", path.display()),
                Sign::Missing(looked) => format!("not {}", looked.paths[0].display()),
                Sign::Told(text) => text.clone(),
            };
            signs.iter().map(text).collect::<Vec<_>>().join("; ")
        }
        Fact::Absent(_) => "no".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_condition_finds_what_it_asks_for_and_nothing_else() {
    for (condition, expected) in [
        (
            "lines = '^\\s*old\\s*='\nin = ['/etc/a.conf']",
            "/etc/a.conf:3:3",
        ),
        (
            "lines = ['old', 'none']\nin = '/etc/*.conf'\ncomment = ';'",
            "/etc/a.conf:1:1; /etc/a.conf:2:1; /etc/a.conf:3:3",
        ),
        ("lines = 'old'\nbut_not = '3$'\nin = '/etc/a.conf'", "no"),
        ("lines = 'old'\nin = '/etc/none'", "no"),
        (
            "no_lines = '^oldest'\nin = '/etc/a.conf'",
            "/etc/a.conf has no such line",
        ),
        ("no_lines = 'old'\nin = '/etc/a.conf'", "no"),
        ("no_lines = 'old'\nin = '/etc/none'", "no"),
        (
            "no_lines = '^{major}$'\nin = '/data/VERSION'",
            "/data/VERSION has no such line",
        ),
        (
            "setting = 'old(er)?'\nformat = 'ini'\nsection = 'one'\nin = '/etc/a.d/*.conf'",
            "/etc/a.d/1.conf:2:1",
        ),
        (
            "setting = 'ol'\nformat = 'ini'\nin = '/etc/a.d/*.conf'",
            "no",
        ),
        (
            "setting = 'OLD'\nvalue = '^second$'\nformat = 'shell'\nin = '/etc/default/a'",
            "/etc/default/a:2:1",
        ),
        (
            "setting = 'OLD'\nvalue = 'first'\nformat = 'shell'\nin = '/etc/default/a'",
            "no",
        ),
        (
            "exists = '/etc/a.d/*'\nkind = 'dir'",
            "/etc/a.d/2.conf there is a directory",
        ),
        ("exists = '/etc/b*'", "no"),
        (
            "exists = '/etc/a.d/*'\nbut_not = '1'",
            "/etc/a.d/2.conf there is a directory",
        ),
        ("exists = '/etc/a.d/1*'\nbut_not = '\\.conf$'", "no"),
        ("missing = ['/etc/b', '/etc/c']", "not /etc/b"),
        ("missing = ['/etc/b', '/etc/a.conf']", "no"),
        (
            "link = '/etc/link'\nto = 'run/'",
            "/etc/link a link to ../run/x",
        ),
        ("link = '/etc/link'\nto = '^/run/'", "no"),
        ("link = '/etc/a.conf'\nto = 'run/'", "no"),
        ("installed = ['b', 'a']", "package a is installed"),
        ("installed = 'b'", "no"),
        (
            "not_installed = ['b', 'c']",
            "package b or c is not installed",
        ),
        ("not_installed = ['b', 'a']", "no"),
    ] {
        assert_eq!(said(condition), expected, "{condition}");
    }
}

#[test]
fn what_cannot_be_read_is_neither_a_sign_nor_the_lack_of_one() {
    let faults = [(PathBuf::from("/etc/a.conf"), Injected::Denied)];
    let host = host(FaultSource::new(files(), faults));
    for condition in [
        "lines = 'none'\nin = ['/etc/a.conf', '/etc/a.d/*']",
        "no_lines = 'none'\nin = ['/etc/a.conf', '/etc/a.d/*']",
        "setting = 'none'\nformat = 'ini'\nin = '/etc/a.conf'",
    ] {
        let fact = signs(&host, condition);
        assert!(matches!(fact, Fact::Unknown(_)), "{condition}: {fact:?}");
    }
    let proof = "lines = 'older'\nin = ['/etc/a.conf', '/etc/a.d/*']";
    assert!(matches!(signs(&host, proof), Fact::Known(_)));
}

#[test]
fn a_condition_that_asks_nothing_or_two_things_is_refused() {
    for (text, complaint) in [
        ("", "asks one thing, not 0"),
        ("in = '/a'", "in has nothing to say here"),
        ("lines = 'a'", "in which files"),
        ("lines = 'a'\nin = 'etc/a'", "does not begin with /"),
        ("lines = '('\nin = '/a'", "unclosed group"),
        (
            "lines = 'a'\nin = '/a'\nmissing = '/b'",
            "missing has nothing to say",
        ),
        ("missing = '/a'\ninstalled = 'b'", "asks one thing, not 2"),
        ("setting = 'a'\nin = '/a'", "which format"),
        ("link = '/a'", "to where"),
        ("kernel_below = '5'", "two numbers"),
        ("exists = '/a'\nkind = 'fifo'", "neither file, dir nor link"),
        ("lines = 'a'\nin = '/a'\ncomment = '%'", "is no mark"),
        ("line = 'a'", "unknown field"),
    ] {
        let error = toml::from_str::<Condition>(text).unwrap_err().to_string();
        assert!(error.contains(complaint), "{text}: {error}");
    }
}
