use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::parse::archive::tarball;
use crate::parse::rpm::ndb;
use crate::parse::rpm_file::samples;
use crate::source::{Coverage, MemSource, OverlaySource};

/// A file of a tar: path, type, target, content.
type Entry<'a> = (&'a str, u8, &'a str, &'a [u8]);

/// A member of an `ar`.
fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
    let size = bytes.len();
    let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644);
    let mut out = head.into_bytes();
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(2), b'\n');
    out
}

/// A .deb whose checksums name its files, and which is too large to be read at once.
fn deb(control: &str, conffiles: &str, data: &[Entry<'_>]) -> Vec<u8> {
    deb_with(control, conffiles, "", data)
}

/// The same with a `preinst`.
fn deb_with(control: &str, conffiles: &str, preinst: &str, data: &[Entry<'_>]) -> Vec<u8> {
    let padding = vec![b'x'; 40_000];
    let mut data = data.to_vec();
    data.push(("./usr/lib/padding", b'0', "", &padding));
    let files = data.iter().filter(|(_, kind, ..)| *kind == b'0');
    let mut sums = String::new();
    let digested = files.filter(|(path, ..)| !conffiles.contains(&path[1..]));
    for (path, ..) in digested {
        let _ = writeln!(sums, "{}  {}", "0".repeat(32), &path[2..]);
    }
    let control = tarball(&[
        ("./control", b'0', "", control.as_bytes()),
        ("./conffiles", b'0', "", conffiles.as_bytes()),
        ("./md5sums", b'0', "", sums.as_bytes()),
        ("./preinst", b'0', "", preinst.as_bytes()),
    ]);
    let mut out = b"!<arch>\n".to_vec();
    out.extend(member("debian-binary", b"2.0\n"));
    out.extend(member("control.tar", &control));
    out.extend(member("data.tar", &tarball(&data)));
    out
}

/// A .deb that is small enough to be read at once.
fn small_deb(control: &str, data: &[Entry<'_>]) -> Vec<u8> {
    let control = tarball(&[("./control", b'0', "", control.as_bytes())]);
    let mut out = b"!<arch>\n".to_vec();
    out.extend(member("debian-binary", b"2.0\n"));
    out.extend(member("control.tar", &control));
    out.extend(member("data.tar", &tarball(data)));
    out
}

/// What a plan makes of a tree; `@` in it stands for the folder of these archives.
fn laid_out(base: &MemSource, archives: &[(&str, Vec<u8>)], plan: &str) -> Transaction {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in archives {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let plan = plan.replace('@', dir.path().to_str().unwrap());
    let plan = parse_plan(plan.as_bytes()).unwrap();
    let tree = Tree::for_tests(base.clone(), Coverage::full(true));
    // Archives are read when somebody asks: they must outlive the tree.
    std::mem::forget(dir);
    lay_out(&tree, Path::new("/"), &plan, Deadline::none()).unwrap()
}

/// The tree afterwards.
fn after(base: &MemSource, archives: &[(&str, Vec<u8>)], plan: &str) -> Tree {
    let laid_out = laid_out(base, archives, plan);
    assert_eq!(laid_out.gaps, []);
    let overlay = OverlaySource::new(Box::new(base.clone()), laid_out.changes);
    Tree::for_tests(overlay, Coverage::full(true))
}

fn names(tree: &Tree, dir: &str) -> Vec<String> {
    let names = tree.list(Path::new(dir));
    let Fact::Known(names) = names else {
        panic!("{dir}: {names:?}");
    };
    let names = names.iter();
    names.map(|n| n.to_string_lossy().into_owned()).collect()
}

fn text(tree: &Tree, path: &str) -> Option<String> {
    match tree.read(Path::new(path)) {
        Fact::Known(file) => Some(String::from_utf8_lossy(file.bytes()).into_owned()),
        _ => None,
    }
}

fn link(tree: &Tree, path: &str) -> Option<String> {
    match tree.read_link(Path::new(path)) {
        Fact::Known(target) => Some(target.display().to_string()),
        _ => None,
    }
}

fn is_absent(tree: &Tree, path: &str) -> bool {
    matches!(tree.lstat(Path::new(path)), Fact::Absent(_))
}

fn version(tree: &Tree, name: &str) -> Option<String> {
    let Fact::Known(packages) = packages::read(tree) else {
        panic!("no database");
    };
    packages.version_of(name).map(str::to_owned)
}

/// A root with merged /usr and a library, whose configuration was changed.
fn debian() -> MemSource {
    let mut base = MemSource::new();
    base.file(
        "/var/lib/dpkg/status",
        "Package: liba\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\
         Conffiles:\n /etc/a 0123456789abcdef0123456789abcdef\n\n\
         Package: other\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n",
    )
    .file(
        "/var/lib/dpkg/info/liba.list",
        "/.\n/etc\n/etc/a\n/lib\n/lib/liba.so.1\n/lib/liba.so.1.0\n/lib/empty\n/lib/old\n\
         /lib/old/x\n/lib/gone.so\n",
    )
    .file(
        "/var/lib/dpkg/info/other.list",
        "/.\n/lib\n/usr\n/usr/lib\n/usr/lib/shared\n",
    )
    .link("/lib", "usr/lib")
    .file("/usr/lib/liba.so.1.0", "old")
    .link("/usr/lib/liba.so.1", "liba.so.1.0")
    .link("/usr/lib/gone.so", "liba.so.1")
    .dir("/usr/lib/empty")
    .file("/usr/lib/old/x", "x")
    .file("/usr/lib/shared", "x")
    .file("/etc/a", "changed");
    base
}

#[test]
fn links_of_an_archive_that_is_known_by_its_checksums_are_found_when_they_are_asked_for() {
    let control = "Package: liba\nVersion: 2\nArchitecture: amd64\n";
    let archive = deb(
        control,
        "/etc/a\n",
        &[
            ("./etc/a", b'0', "", b"shipped"),
            ("./usr/lib/liba.so.1.1", b'0', "", b"new"),
            ("./usr/lib/empty/", b'5', "", b""),
            ("./usr/lib/liba.so.1", b'2', "liba.so.1.1", b""),
            ("./usr/lib/liba.so", b'2', "liba.so.1", b""),
        ],
    );
    let archives = [("a.deb", archive)];
    let tree = || after(&debian(), &archives, "install @/a.deb\n");
    let first = tree();
    assert_eq!(
        link(&first, "/lib/liba.so.1").as_deref(),
        Some("liba.so.1.1")
    );
    assert_eq!(text(&first, "/lib/liba.so.1").as_deref(), Some("new"));
    assert!(is_absent(&first, "/usr/lib/liba.so.1.0") && is_absent(&first, "/usr/lib/gone.so"));
    assert_eq!(text(&first, "/etc/a").as_deref(), Some("changed"));
    assert_eq!(version(&first, "liba").as_deref(), Some("2"));
    let whole = [
        "empty",
        "liba.so",
        "liba.so.1",
        "liba.so.1.1",
        "padding",
        "shared",
    ];
    assert_eq!(names(&first, "/usr/lib"), whole);
    // The first question decides nothing about the others.
    let second = tree();
    assert!(is_absent(&second, "/usr/lib/old"));
    assert_eq!(
        link(&second, "/usr/lib/liba.so").as_deref(),
        Some("liba.so.1")
    );
    assert_eq!(names(&second, "/usr/lib"), whole);
    assert!(names(&second, "/usr/lib/empty").is_empty());
}

#[test]
fn an_archive_that_breaks_off_leaves_open_what_it_brings_and_nothing_else() {
    let control = "Package: liba\nVersion: 2\nArchitecture: amd64\n";
    let mut archive = deb(control, "", &[("./usr/lib/liba.so.1.1", b'0', "", b"new")]);
    archive.truncate(archive.len() - 3_000);
    let tree = after(&debian(), &[("a.deb", archive)], "install @/a.deb\n");
    let open = |path: &str| matches!(tree.lstat(Path::new(path)), Fact::Unknown(_));
    assert!(open("/usr/lib/liba.so.1") && open("/usr/lib/padding"));
    assert_eq!(text(&tree, "/usr/lib/shared").as_deref(), Some("x"));
}

#[test]
fn a_link_to_a_directory_stays_where_the_new_package_has_that_directory() {
    let control = "Package: libc6\nVersion: 2\nArchitecture: amd64\n";
    let archive = deb(
        control,
        "",
        &[
            ("./lib", b'5', "", b""),
            ("./lib64", b'5', "", b""),
            ("./lib/ld.so", b'0', "", b"new"),
            ("./lib64/ld.so.2", b'2', "/lib/ld.so", b""),
        ],
    );
    let mut base = MemSource::new();
    base.file(
        "/var/lib/dpkg/status",
        "Package: libc6\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n",
    )
    .file(
        "/var/lib/dpkg/info/libc6.list",
        "/.\n/lib\n/lib/ld.so\n/lib64\n/lib64/ld.so.2\n/old64\n/old64/x\n",
    )
    .link("/lib", "usr/lib")
    .link("/lib64", "usr/lib64")
    .link("/old64", "usr/old64")
    .file("/usr/lib/ld.so", "old")
    .file("/usr/old64/x", "old")
    .link("/usr/lib64/ld.so.2", "/lib/ld.so");
    let tree = after(&base, &[("a.deb", archive)], "install @/a.deb\n");
    assert_eq!(link(&tree, "/lib64").as_deref(), Some("usr/lib64"));
    assert_eq!(text(&tree, "/lib64/ld.so.2").as_deref(), Some("new"));
    // What the new one does not have goes, link or not.
    assert!(is_absent(&tree, "/old64"));
    assert_eq!(names(&tree, "/"), ["lib", "lib64", "usr", "var"]);
}

#[test]
fn no_archive_is_read_for_the_database_of_another_manager() {
    let control = "Package: liba\nVersion: 2\nArchitecture: amd64\n";
    // Its file is where its directory is asked for, and it can be read no further.
    let mut broken = deb(control, "", &[("./usr/share/rpm.txt", b'0', "", b"")]);
    broken.truncate(broken.len() - 1_000);
    let mut base = debian();
    base.dir("/usr/share").dir("/var/lib");
    let tree = after(&base, &[("a.deb", broken)], "upgrade @/a.deb");
    assert!(matches!(
        tree.lstat(Path::new("/usr/share/rpm.d")),
        Fact::Unknown(_)
    ));
    assert!(is_absent(&tree, "/usr/share/rpm"));
    // The database itself is not there either.
    assert_eq!(version(&tree, "liba").as_deref(), Some("2"));
}

#[test]
fn what_is_below_etc_of_a_long_archive_is_read_without_the_rest() {
    let long = vec![b'y'; 400_000];
    let whole = deb(
        "Package: a\nVersion: 2\nArchitecture: all\n",
        "/etc/a.d/one\n/etc/a.d/two\n",
        &[
            ("./etc/a.d/one", b'0', "", b"1\n"),
            ("./etc/a.d/two", b'0', "", b"2\n"),
            ("./usr/lib/long", b'0', "", &long),
            ("./usr/lib/short", b'0', "", b"3\n"),
        ],
    );
    let tree = after(&debian(), &[("a.deb", whole.clone())], "install @/a.deb\n");
    assert_eq!(text(&tree, "/etc/a.d/two").as_deref(), Some("2\n"));
    assert_eq!(text(&tree, "/etc/a.d/one").as_deref(), Some("1\n"));
    assert_eq!(text(&tree, "/usr/lib/short").as_deref(), Some("3\n"));
    assert!(is_absent(&tree, "/etc/a.d/three"));
    // Where it breaks off behind them, they are known and what comes there is not.
    let cut = whole[..300_000].to_vec();
    let tree = after(&debian(), &[("a.deb", cut)], "install @/a.deb\n");
    assert_eq!(text(&tree, "/etc/a.d/one").as_deref(), Some("1\n"));
    assert!(matches!(
        tree.read(Path::new("/usr/lib/short")),
        Fact::Unknown(_)
    ));
}

#[test]
fn pacman_keeps_configuration_that_was_changed_and_takes_the_rest() {
    let mut base = MemSource::new();
    let kept = "d00f5d5217896fb7fd601412cb890830";
    base.file(
        "/var/lib/pacman/local/tool-1-1/desc",
        "%NAME%\ntool\n\n%VERSION%\n1-1\n\n%ARCH%\nany\n",
    )
    .file(
        "/var/lib/pacman/local/tool-1-1/files",
        format!(
            "%FILES%\netc/\netc/mine\netc/same\nusr/\nusr/bin/\nusr/bin/old\n\n\
             %BACKUP%\netc/mine\t{kept}\netc/same\t900150983cd24fb0d6963f7d28e17f72\n"
        ),
    )
    .file("/etc/mine", "changed")
    .file("/etc/same", "abc")
    .file("/usr/bin/old", "x")
    .file("/usr/bin/other", "x");
    let info = b"pkgname = tool\npkgver = 2-1\narch = any\nbackup = etc/mine\nbackup = etc/same\n";
    let archive = tarball(&[
        (".PKGINFO", b'0', "", info),
        ("etc/mine", b'0', "", b"new"),
        ("etc/same", b'0', "", b"new"),
        ("usr/bin/new", b'0', "", b"new"),
    ]);
    let archives = [("tool-2-1-any.pkg.tar", archive)];
    let tree = after(&base, &archives, "upgrade @/tool-2-1-any.pkg.tar\n");
    assert_eq!(text(&tree, "/etc/mine").as_deref(), Some("changed"));
    assert_eq!(text(&tree, "/etc/same").as_deref(), Some("new"));
    assert_eq!(names(&tree, "/usr/bin"), ["new", "other"]);
    assert_eq!(version(&tree, "tool").as_deref(), Some("2-1"));
    assert_eq!(names(&tree, "/var/lib/pacman/local"), ["tool-2-1"]);
    let gone = after(&base, &[], "manager pacman\nremove tool\n");
    assert_eq!(names(&gone, "/usr/bin"), ["other"]);
    assert!(is_absent(&gone, "/etc"));
}

#[test]
fn rpm_replaces_on_an_upgrade_and_keeps_the_old_one_beside_what_is_installed() {
    let mut base = MemSource::new();
    let old = samples::header_of("bash", "5.1", "/usr/bin/", "old");
    base.file("/usr/lib/sysimage/rpm/Packages.db", ndb(&[old]))
        .file("/usr/bin/old", "x")
        .file("/usr/bin/other", "x");
    let archives = [("bash.rpm", samples::package())];
    let tree = after(&base, &archives, "upgrade @/bash.rpm\n");
    assert_eq!(
        names(&tree, "/usr/bin"),
        ["bash", "bash.conf", "other", "sh"]
    );
    assert_eq!(text(&tree, "/usr/bin/sh").as_deref(), Some("hello"));
    assert_eq!(version(&tree, "bash").as_deref(), Some("5.2-1"));
    let beside = after(&base, &archives, "install @/bash.rpm\n");
    let both = ["bash", "bash.conf", "old", "other", "sh"];
    assert_eq!(names(&beside, "/usr/bin"), both);
    for name in ["bash", "bash.noarch", "bash-5.1-1", "bash-5.1-1.noarch"] {
        let gone = after(&base, &[], &format!("remove {name}\n"));
        assert_eq!(names(&gone, "/usr/bin"), ["other"], "{name}");
        assert_eq!(version(&gone, "bash"), None);
    }
}

#[test]
fn apk_writes_its_database_anew() {
    let mut base = MemSource::new();
    base.file(
        "/lib/apk/db/installed",
        "C:Q1x\nP:tool\nV:1-r0\nA:x86_64\nF:usr/bin\nR:old\n\nC:Q1y\nP:kept\nV:3-r0\nF:etc\nR:k\n\n",
    )
    .file("/usr/bin/old", "x")
    .file("/etc/k", "x");
    let info = b"pkgname = tool\npkgver = 2-r0\narch = x86_64\n";
    let archive = tarball(&[
        (".PKGINFO", b'0', "", info),
        ("usr/bin/new", b'0', "", b"new"),
    ]);
    let tree = after(&base, &[("tool.apk", archive)], "upgrade @/tool.apk\n");
    assert_eq!(names(&tree, "/usr/bin"), ["new"]);
    assert_eq!(version(&tree, "tool").as_deref(), Some("2-r0"));
    assert_eq!(version(&tree, "kept").as_deref(), Some("3-r0"));
}

#[test]
fn a_plan_for_a_manager_that_is_not_there_is_refused() {
    let tree = Tree::for_tests(debian(), Coverage::full(true));
    let plan = parse_plan(b"manager rpm\nremove liba\n").unwrap();
    let refused = lay_out(&tree, Path::new("/"), &plan, Deadline::none())
        .err()
        .unwrap();
    assert!(matches!(refused, Refused::NoDatabase));
    let plan = parse_plan(b"remove nobody\n").unwrap();
    let refused = lay_out(&tree, Path::new("/"), &plan, Deadline::none())
        .err()
        .unwrap();
    assert_eq!(refused.to_string(), "package nobody is not installed");
}

#[test]
fn what_another_package_replaces_stays_its_own_and_what_is_taken_over_changes_hands() {
    let mut base = debian();
    base.file(
        "/var/lib/dpkg/status",
        "Package: other\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\
         Replaces: wins (<< 2)\n\nPackage: last\nStatus: install ok installed\nVersion: 1\n",
    )
    .file("/var/lib/dpkg/info/last.list", "/.\n/usr/lib/last\n")
    .file("/usr/lib/last", "x")
    .file(
        "/var/lib/dpkg/statoverride",
        "root #7 4750 /usr/lib/new\nnobody root 644 /usr/lib/last\n",
    )
    .file("/etc/passwd", "root:x:0:0::/:/bin/sh\n");
    let control = |version: &str| format!("Package: wins\nVersion: {version}\nArchitecture: all\n");
    let data: &[Entry<'_>] = &[
        ("./usr/lib/shared", b'0', "", b"mine"),
        ("./usr/lib/last", b'0', "", b"mine"),
        ("./usr/lib/new", b'0', "", b"mine"),
    ];
    let tree = |version: &str| {
        let archives = [("a.deb", deb(&control(version), "", data))];
        after(&base, &archives, "install @/a.deb\n")
    };
    let first = tree("1");
    assert_eq!(text(&first, "/usr/lib/shared").as_deref(), Some("x"));
    assert_eq!(text(&first, "/usr/lib/last").as_deref(), Some("mine"));
    let lists = "/var/lib/dpkg/info";
    assert_eq!(
        text(&first, &format!("{lists}/last.list")).as_deref(),
        Some("/.\n")
    );
    let own = text(&first, &format!("{lists}/wins.list")).unwrap();
    assert!(own.contains("/usr/lib/last\n") && !own.contains("/usr/lib/shared\n"));
    // Of a version that it does not replace, the new file wins.
    assert_eq!(text(&tree("2"), "/usr/lib/shared").as_deref(), Some("mine"));
    let Fact::Known(found) = first.lstat(Path::new("/usr/lib/new")) else {
        panic!("not there");
    };
    assert_eq!(
        (found.meta.uid, found.meta.gid, found.meta.mode),
        (0, 7, 0o4750)
    );
}

#[test]
fn a_file_with_several_names_has_the_mode_that_its_last_name_was_given() {
    let mut base = debian();
    base.file("/etc/passwd", "root:x:0:0::/:/bin/sh\n");
    let control = "Package: new\nVersion: 1\nArchitecture: amd64\n";
    let data: &[Entry<'_>] = &[
        ("./usr/lib/first", b'0', "", b"x"),
        ("./usr/lib/last", b'1', "./usr/lib/first", b""),
    ];
    let archives = [("a.deb", small_deb(control, data))];
    let mut modes = |overridden: &str| {
        let line = format!("root #7 4750 {overridden}\n");
        base.file("/var/lib/dpkg/statoverride", line);
        let tree = after(&base, &archives, "install @/a.deb\n");
        ["/usr/lib/first", "/usr/lib/last"].map(|path| match tree.lstat(Path::new(path)) {
            Fact::Known(found) => found.meta.mode,
            other => panic!("{path}: {other:?}"),
        })
    };
    assert_eq!(modes("/usr/lib/last"), [0o4750, 0o4750]);
    let [first, last] = modes("/usr/lib/first");
    assert_eq!(first, last);
    assert_ne!(first, 0o4750);
}

#[test]
fn configuration_that_changed_hands_is_known_by_the_package_that_has_it() {
    // The MD5 sum of `x`.
    let x = "9dd4e461268c8034f5c8564e155c67a6";
    let other = "0123456789abcdef0123456789abcdef";
    let mut base = debian();
    let control = "Package: new\nVersion: 1\nArchitecture: amd64\n";
    let data: &[Entry<'_>] = &[("./etc/shared", b'0', "", b"new")];
    let archives = [("a.deb", deb(control, "/etc/shared\n", data))];
    let mut after = |first: &str, second: &str| {
        let one = |name: &str, sum: &str| {
            format!(
                "Package: {name}\nStatus: install ok installed\nVersion: 1\n\
                 Architecture: amd64\nConffiles:\n /etc/shared {sum}\n\n"
            )
        };
        let status = one("lost", first) + &one("other", second);
        base.file("/var/lib/dpkg/status", status)
            .file("/var/lib/dpkg/info/lost.list", "/.\n/etc\n")
            .file("/var/lib/dpkg/info/other.list", "/.\n/etc\n/etc/shared\n")
            .file("/etc/shared", "x");
        text(&after(&base, &archives, "install @/a.deb\n"), "/etc/shared")
    };
    assert_eq!(after(other, x).as_deref(), Some("new"));
    assert_eq!(after(x, other).as_deref(), Some("x"));
}

#[test]
fn what_a_script_gives_up_goes_or_has_another_name() {
    // The MD5 sum of `x`.
    let x = "9dd4e461268c8034f5c8564e155c67a6";
    let mut base = debian();
    base.file(
        "/var/lib/dpkg/status",
        format!(
            "Package: liba\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\
             Conffiles:\n /etc/a {x}\n /etc/same {x}\n /etc/late {x}\n /etc/mine {x}\n \
             /etc/by-list {x}\n"
        ),
    )
    .file(
        "/var/lib/dpkg/info/liba.list",
        "/.\n/etc/a\n/etc/same\n/etc/late\n/etc/mine\n/etc/by-list\n/usr/lib/dir\n\
         /usr/lib/dir/file\n/usr/lib/link\n",
    )
    .file("/etc/same", "x")
    .file("/etc/late", "x")
    .file("/etc/mine", "mine")
    .file("/etc/by-list", "x")
    .file("/etc/nobodys", "x")
    .file("/usr/lib/dir/file", "x")
    .link("/usr/lib/link", "dir");
    let preinst = "dpkg-maintscript-helper rm_conffile /etc/same 1 -- \"$@\"\n\
        dpkg-maintscript-helper rm_conffile /etc/late 1~ -- \"$@\"\n\
        dpkg-maintscript-helper rm_conffile /etc/mine -- \"$@\"\n\
        dpkg-maintscript-helper rm_conffile /etc/nobodys -- \"$@\"\n\
        dpkg-maintscript-helper mv_conffile /etc/a /etc/new 1 -- \"$@\"\n\
        dpkg-maintscript-helper dir_to_symlink /usr/lib/dir shared 1 -- \"$@\"\n\
        dpkg-maintscript-helper symlink_to_dir /usr/lib/link dir 1 -- \"$@\"\n";
    let control = "Package: liba\nVersion: 2\nArchitecture: amd64\n";
    let data: &[Entry<'_>] = &[
        ("./etc/new", b'0', "", b"shipped"),
        ("./usr/lib/link/", b'5', "", b""),
        ("./usr/lib/link/inside", b'0', "", b"new"),
    ];
    let conffiles = "/etc/new\nremove-on-upgrade /etc/by-list\n";
    let archives = [("a.deb", deb_with(control, conffiles, preinst, data))];
    let tree = after(&base, &archives, "install @/a.deb\n");
    let etc = ["late", "mine.dpkg-bak", "new", "nobodys"];
    assert_eq!(names(&tree, "/etc"), etc);
    assert_eq!(text(&tree, "/etc/mine.dpkg-bak").as_deref(), Some("mine"));
    assert_eq!(text(&tree, "/etc/new").as_deref(), Some("changed"));
    assert_eq!(link(&tree, "/usr/lib/dir").as_deref(), Some("shared"));
    assert!(is_absent(&tree, "/usr/lib/dir/file"));
    assert_eq!(link(&tree, "/usr/lib/link"), None);
    assert_eq!(names(&tree, "/usr/lib/link"), ["inside"]);
    // A call that is not written out may be about any of it.
    let open = deb_with(
        control,
        "",
        "dpkg-maintscript-helper rm_conffile $x --\n",
        &[],
    );
    let open = laid_out(&base, &[("a.deb", open)], "install @/a.deb\n");
    assert_eq!(open.gaps.len(), 1);
    // Of a package that is new nothing is given up.
    base.file(
        "/var/lib/dpkg/status",
        "Package: other\nStatus: install ok installed\n",
    );
    let tree = after(&base, &archives, "install @/a.deb\n");
    assert_eq!(text(&tree, "/etc/same").as_deref(), Some("x"));
}

#[test]
fn a_script_that_cannot_be_read_leaves_open_whether_diversions_end() {
    use crate::source::{FaultSource, Injected};
    let mut base = debian();
    base.file(
        "/var/lib/dpkg/diversions",
        "/usr/lib/shared\n/usr/lib/sent\nliba\n",
    )
    .file(
        "/var/lib/dpkg/info/liba.postrm",
        "dpkg-divert --remove /usr/lib/shared\n",
    )
    .file("/usr/lib/sent", "x");
    let plan = parse_plan(b"remove liba\n").unwrap();
    let gaps = |base: MemSource, broken: &str| {
        let source = FaultSource::new(base, [(PathBuf::from(broken), Injected::Denied)]);
        let tree = Tree::for_tests(source, Coverage::full(true));
        lay_out(&tree, Path::new("/"), &plan, Deadline::none())
            .unwrap()
            .gaps
            .len()
    };
    assert_eq!(gaps(base.clone(), "/nowhere"), 0);
    assert_eq!(gaps(base.clone(), "/var/lib/dpkg/info/liba.postrm"), 1);
    assert_eq!(gaps(base.clone(), "/var/lib/dpkg/info/liba.list"), 1);
    assert_eq!(
        text(&after(&base, &[], "remove liba\n"), "/usr/lib/shared").as_deref(),
        Some("x")
    );
}
