//! Repositories made by git itself, and what a hostile one does not get to run.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::fact::{Doubt, Fact};
use crate::source::{Coverage, DirSource, Limits, Tree};

/// A repository in a directory of its own.
struct Repo {
    dir: tempfile::TempDir,
}

impl Repo {
    fn new(options: &[&str]) -> Self {
        let repo = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        repo.git(&[&["init", "-q", "-b", "main"], options].concat());
        repo
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn file(&self, path: &str, content: &str) -> &Self {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// git without anybody's configuration; its output.
    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(["-c", "protocol.file.allow=always"])
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/nonexistent")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self) -> &Self {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "-m", "x"]);
        self
    }

    fn repository(&self, inside: &str) -> Repository {
        let root = self.at(inside);
        let source = DirSource::open(&root, None, Deadline::none()).unwrap();
        source.repository().unwrap()
    }

    fn open(&self, inside: &str, revision: &str) -> Result<Option<GitSource>, GitError> {
        let path = Some(OsString::from(".:/usr/local/bin:/usr/bin:/bin"));
        GitSource::open(&self.repository(inside), revision, path, Deadline::none())
    }

    fn source(&self, revision: &str) -> GitSource {
        self.open("", revision).unwrap().unwrap()
    }
}

fn text(source: &GitSource, path: &str) -> String {
    String::from_utf8(source.read(Path::new(path), 1000).unwrap()).unwrap()
}

fn names(source: &GitSource, path: &str) -> Vec<OsString> {
    source.list(Path::new(path), 100).unwrap()
}

#[test]
fn a_revision_is_read_as_it_was_whatever_the_work_tree_holds() {
    let repo = Repo::new(&[]);
    repo.file("etc/a", "one\n").file("etc/run", "#!/bin/sh\n");
    let run = repo.at("etc/run");
    std::fs::set_permissions(run, PermissionsExt::from_mode(0o755)).unwrap();
    symlink("../a", repo.at("etc/link")).unwrap();
    repo.commit();
    repo.file("etc/a", "two\n").file("etc/b", "new\n").commit();
    repo.file("etc/a", "three, not committed\n");
    let old = repo.source("HEAD~1");
    assert_eq!(text(&old, "/etc/a"), "one\n");
    assert_eq!(names(&old, "/etc"), ["a", "link", "run"]);
    assert_eq!(old.read_link(Path::new("/etc/link")), Ok("../a".into()));
    assert_eq!(old.commit().len(), 40);
    let meta = |path: &str| old.lstat(Path::new(path));
    let run = meta("/etc/run").unwrap();
    assert_eq!((run.kind, run.mode, run.len), (FileKind::File, 0o755, 10));
    assert_eq!(meta("/etc/a").unwrap().mode, 0o644);
    assert_eq!(meta("/etc/b"), Err(ReadError::NotFound));
    assert_eq!(meta("/etc/a/x"), Err(ReadError::NotDir));
    let new = repo.source("main");
    assert_eq!(text(&new, "/etc/a"), "two\n");
    assert_eq!(text(&new, "/etc/b"), "new\n");
}

#[test]
fn the_tree_may_be_a_directory_of_the_repository() {
    let repo = Repo::new(&[]);
    repo.file("hosts/gw1/etc/a", "gw1")
        .file("README", "x")
        .commit();
    std::fs::create_dir_all(repo.at("hosts/gw2/etc")).unwrap();
    let source = repo.open("hosts/gw1", "HEAD").unwrap().unwrap();
    assert_eq!(text(&source, "/etc/a"), "gw1");
    assert_eq!(source.lstat(Path::new("/README")), Err(ReadError::NotFound));
    assert!(repo.open("hosts/gw2", "HEAD").unwrap().is_none());
}

#[test]
fn a_name_that_is_no_revision_is_told_from_a_repository_that_fails() {
    let repo = Repo::new(&[]);
    repo.file("a", "x").commit();
    let refused = ["nosuch", "", "--batch-all-objects", "HEAD:a", "HEAD\nHEAD"];
    for revision in refused {
        let error = repo.open("", revision).err();
        assert!(matches!(error, Some(GitError::NoRevision)), "{revision}");
    }
    assert!(repo.open("", "HEAD^{tree}").unwrap().is_some());
    std::fs::write(repo.at(".git/HEAD"), "nonsense").unwrap();
    let error = repo.open("", "HEAD").err();
    assert!(matches!(error, Some(GitError::Failed(ReadError::Io(_)))));
    let past = Deadline::after(Duration::ZERO);
    let error = GitSource::open(&repo.repository(""), "HEAD", None, past).err();
    assert!(matches!(error, Some(GitError::Failed(ReadError::Deadline))));
}

#[test]
fn names_need_not_be_text() {
    let repo = Repo::new(&[]);
    let name = OsString::from_vec(b"caf\xe9 \t\n\"x".to_vec());
    let path = repo.dir.path().join(&name);
    std::fs::write(path, "odd").unwrap();
    repo.commit();
    let source = repo.source("HEAD");
    assert_eq!(names(&source, "/"), std::slice::from_ref(&name));
    let path = Path::new("/").join(name);
    assert_eq!(source.read(&path, 10), Ok(b"odd".to_vec()));
}

#[test]
fn names_of_objects_may_be_longer() {
    let repo = Repo::new(&["--object-format=sha256"]);
    repo.file("etc/a", "x").commit();
    let source = repo.source("HEAD");
    assert_eq!(source.commit().len(), 64);
    assert_eq!(text(&source, "/etc/a"), "x");
}

#[test]
fn a_submodule_is_not_empty_but_unknown() {
    let inner = Repo::new(&[]);
    inner.file("secret", "x").commit();
    let repo = Repo::new(&[]);
    let url = inner.dir.path().to_str().unwrap();
    repo.git(&["submodule", "--quiet", "add", url, "etc/sub"]);
    repo.commit();
    let tree = Tree::new(
        Box::new(repo.source("HEAD")),
        Coverage::full(false),
        Limits::STANDARD,
        Deadline::none(),
    );
    let fact = tree.read(Path::new("/etc/sub/secret"));
    let Fact::Unknown(unknown) = fact else {
        panic!("{fact:?}")
    };
    assert!(matches!(unknown.doubt, Doubt::Io(why) if why.contains("submodule")));
    assert_eq!(tree.entries(Path::new("/etc/sub")).gaps.len(), 1);
}

#[test]
fn a_linked_work_tree_reads_its_own_head() {
    let repo = Repo::new(&[]);
    repo.file("a", "one").commit();
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("w");
    let word = path.to_str().unwrap();
    repo.git(&["worktree", "add", "-q", "-b", "side", word]);
    repo.file("a", "two").commit();
    let source = DirSource::open(&path, None, Deadline::none()).unwrap();
    let repository = source.repository().unwrap();
    assert!(repository.git_dir.is_file());
    let source = GitSource::open(&repository, "HEAD", None, Deadline::none());
    assert_eq!(text(&source.unwrap().unwrap(), "/a"), "one");
}

#[test]
fn a_large_object_is_over_the_limit_and_the_next_is_read() {
    let repo = Repo::new(&[]);
    repo.file("big", &"x".repeat(5000))
        .file("small", "y")
        .commit();
    let source = repo.source("HEAD");
    let big = source.read(Path::new("/big"), 4999);
    assert!(matches!(big, Err(ReadError::Limit(_))));
    assert_eq!(text(&source, "/small"), "y");
    assert_eq!(source.read(Path::new("/big"), 5000).unwrap().len(), 5000);
}

#[test]
fn nothing_that_a_hostile_repository_names_is_run() {
    let repo = Repo::new(&[]);
    repo.file("a", "x")
        .file(".gitattributes", "* filter=x diff=x text\n");
    repo.commit();
    let marks = tempfile::tempdir().unwrap();
    // A program that leaves a mark, under every key that names one.
    let script = marks.path().join("evil");
    let mark = marks.path().join("ran");
    let body = format!("#!/bin/sh\necho \"$0 $*\" >> {}\n", mark.display());
    std::fs::write(&script, body).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let evil = script.display();
    let hooks = marks.path().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    let names = [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
    ];
    for name in names {
        std::fs::copy(&script, hooks.join(name)).unwrap();
        std::fs::copy(&script, repo.at(".git/hooks").join(name)).unwrap();
    }
    let hooks = hooks.display();
    let config = format!(
        "[core]\n\trepositoryformatversion = 1\n\tfsmonitor = {evil}\n\thooksPath = {hooks}\n\
         \tpager = {evil}\n\tsshCommand = {evil}\n\taskPass = {evil}\n\teditor = {evil}\n\
         \tgitProxy = {evil}\n\talternateRefsCommand = {evil}\n\
         [extensions]\n\tpartialClone = origin\n\
         [remote \"origin\"]\n\turl = ext::{evil}\n\tpromisor = true\n\tuploadpack = {evil}\n\
         [protocol]\n\tallow = always\n[protocol \"ext\"]\n\tallow = always\n\
         [pager]\n\tcat-file = {evil}\n[alias]\n\tcat-file = !{evil}\n\
         [diff]\n\texternal = {evil}\n[diff \"x\"]\n\ttextconv = {evil}\n\tcommand = {evil}\n\
         [filter \"x\"]\n\tsmudge = {evil}\n\tclean = {evil}\n\tprocess = {evil}\n\
         [credential]\n\thelper = !{evil}\n[gpg]\n\tprogram = {evil}\n"
    );
    std::fs::write(repo.at(".git/config"), config).unwrap();
    // The blob is gone: a partial clone would fetch it.
    let blob = repo.git(&["--git-dir=.git", "hash-object", "--no-filters", "a"]);
    let _ = std::fs::remove_file(&mark);
    let (dir, file) = blob.trim().split_at(2);
    std::fs::remove_file(repo.at(".git/objects").join(dir).join(file)).unwrap();
    // A program called git beside the repository is not git.
    std::fs::copy(&script, repo.at("git")).unwrap();
    let source = repo.source("HEAD");
    assert_eq!(source.list(Path::new("/"), 10).unwrap().len(), 2);
    let attributes = text(&source, "/.gitattributes");
    assert!(attributes.starts_with("* filter"));
    let gone = source.read(Path::new("/a"), 10);
    assert!(matches!(gone, Err(ReadError::Io(_))), "{gone:?}");
    let ran = std::fs::read_to_string(&mark);
    assert!(ran.is_err(), "{ran:?}");
    // The same marks are left by a git that is not held back.
    let mut held = Command::new("git");
    held.args(["cat-file", "-p", blob.trim()]);
    let output = held.current_dir(repo.dir.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(mark.exists(), "the trap does not work");
}

#[test]
fn a_broken_tree_object_is_an_error_and_never_a_panic() {
    let id = [7; 20];
    let good = [b"100644 a\0".as_slice(), &id].concat();
    assert_eq!(entries(&good, 20).unwrap().len(), 1);
    for cut in 1..good.len() {
        assert!(entries(&good[..cut], 20).is_err(), "{cut}");
    }
    let dots = [b"40000 ..\0".as_slice(), &id, b"100644 a/b\0", &id].concat();
    assert!(entries(&dots, 20).unwrap().is_empty());
    assert!(entries(b"9 a\0", 20).is_err());
}
