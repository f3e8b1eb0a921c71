use super::*;
use crate::source::{Coverage, FaultSource, Injected, MemSource, Node, Source};

use crate::facts::elf_maker::Elf;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
const DIR: &str = "/lib/x86_64-linux-gnu";

/// A root with a loader, a C library and a program.
fn root() -> MemSource {
    let mut source = MemSource::new();
    put(&mut source, LOADER, &Elf::loader("2.36"));
    put(&mut source, &in_dir("libc.so.6"), &Elf::libc("2.36"));
    put(&mut source, "/sbin/init", &Elf::program(&["libc.so.6"]));
    source
}

fn in_dir(name: &str) -> String {
    format!("{DIR}/{name}")
}

fn put(source: &mut MemSource, path: &str, elf: &Elf) {
    source.file_mode(path, elf.bytes(), 0o755);
}

fn of_source(source: impl Source + 'static, path: &str, machine: Machine) -> Arc<Linkage> {
    let tree = Tree::for_tests(source, Coverage::full(true));
    Linker::default().of(&tree, machine, Path::new(path))
}

fn linkage(source: &MemSource, path: &str) -> Arc<Linkage> {
    of_source(source.clone(), path, Machine::default())
}

/// The sentence of the failure, with whether the program is executed at all.
fn fails(source: &MemSource, path: &str) -> (bool, String) {
    match &linkage(source, path).start {
        Start::Refused(failure) => (false, failure.message.clone()),
        Start::Dies(failure) => (true, failure.message.clone()),
        other => (false, format!("{other:?}")),
    }
}

fn dies(sentence: &str) -> (bool, String) {
    (true, sentence.to_owned())
}

fn refused(sentence: &str) -> (bool, String) {
    (false, sentence.to_owned())
}

fn paths(linkage: &Linkage) -> Vec<String> {
    let libraries = linkage.libraries.iter();
    libraries.map(|l| l.path.display().to_string()).collect()
}

#[test]
fn a_sound_program_runs_and_its_libraries_are_listed() {
    let found = linkage(&root(), "/sbin/init");
    assert_eq!(found.start, Start::Runs);
    assert_eq!(paths(&found), [in_dir("libc.so.6")]);
    assert_eq!(found.loader.as_deref(), Some(Path::new(LOADER)));
}

#[test]
fn what_is_missing_is_named_with_who_asks_for_it() {
    let mut source = root();
    put(
        &mut source,
        &in_dir("liba.so.1"),
        &Elf::library("liba.so.1", &["libb.so.1"]),
    );
    put(
        &mut source,
        "/bin/x",
        &Elf::program(&["liba.so.1", "libc.so.6"]),
    );
    assert_eq!(
        fails(&source, "/bin/x"),
        dies("/lib/x86_64-linux-gnu/liba.so.1 needs libb.so.1, which the loader does not find")
    );
    let linkage = linkage(&source, "/bin/x");
    let looked = linkage.failure().unwrap().looked.clone().unwrap();
    assert_eq!(
        looked.paths,
        [
            "/lib/x86_64-linux-gnu",
            "/usr/lib/x86_64-linux-gnu",
            "/lib",
            "/usr/lib"
        ]
        .map(|dir| Path::new(dir).join("libb.so.1"))
    );
    assert!(matches!(
        super::tests::linkage(&source, "/bin/y").start,
        Start::Missing(_)
    ));
}

#[test]
fn what_the_kernel_refuses_is_not_executed() {
    let mut source = root();
    source
        .file_mode("/bin/empty", "", 0o755)
        .file_mode("/bin/plain", Elf::program(&[]).bytes(), 0o644)
        .file_mode("/bin/text", "echo\n", 0o755)
        .dir("/bin/dir");
    let lost = Elf {
        interpreter: Some("/lib/ld-musl-x86_64.so.1".into()),
        ..Elf::default()
    };
    put(&mut source, "/bin/lost", &lost);
    let object = Elf {
        kind: Some(1),
        ..Elf::default()
    };
    put(&mut source, "/bin/object", &object);
    for (path, sentence) in [
        ("/bin/empty", "/bin/empty is empty"),
        ("/bin/plain", "/bin/plain is not executable (mode 0644)"),
        ("/bin/dir", "/bin/dir is a directory"),
        (
            "/bin/text",
            "/bin/text is neither a program nor a script with an interpreter",
        ),
        (
            "/bin/lost",
            "/bin/lost needs the loader /lib/ld-musl-x86_64.so.1, which does not exist",
        ),
        (
            "/bin/object",
            "/bin/object is an ELF file, but not one to execute",
        ),
    ] {
        assert_eq!(fails(&source, path), refused(sentence));
    }
}

#[test]
fn a_program_for_another_processor_is_refused_where_the_kernel_is_known() {
    let mut source = root();
    let arm = Elf {
        machine: Some(183),
        ..Elf::default()
    };
    put(&mut source, "/bin/arm", &arm);
    let small = Elf {
        machine: Some(3),
        class: Some(32),
        ..Elf::default()
    };
    put(&mut source, "/bin/small", &small);
    let machine = Machine {
        kernel: Some(Architecture::X86_64),
        level: None,
    };
    let start = |path| of_source(source.clone(), path, machine).start.clone();
    assert!(matches!(start("/bin/arm"), Start::Refused(f)
        if f.message == "/bin/arm is for aarch64, and the kernel is for x86_64"));
    assert_eq!(start("/bin/small"), Start::Runs);
    assert_eq!(linkage(&source, "/bin/arm").start, Start::Runs);
}

#[test]
fn damaged_loaders_are_told_apart() {
    let with = |bytes: Vec<u8>| {
        let mut source = root();
        source.file_mode(LOADER, bytes, 0o755);
        fails(&source, "/sbin/init").1
    };
    let head = "/sbin/init needs the loader /lib64/ld-linux-x86-64.so.2, which is";
    assert_eq!(with(Vec::new()), format!("{head} empty"));
    assert_eq!(
        with(b"x".to_vec()),
        format!("{head} damaged: not an ELF file")
    );
    let small = Elf {
        machine: Some(3),
        class: Some(32),
        ..Elf::default()
    };
    assert_eq!(
        with(small.bytes()),
        format!("{head} for another kind of processor")
    );
}

#[test]
fn scripts_lead_to_their_interpreters_and_no_further_than_five() {
    let mut source = root();
    source
        .file_mode("/s0", "#!/sbin/init -x\n", 0o755)
        .file_mode("/dos", "#!/sbin/init\r\n", 0o755)
        .file_mode("/gone", "#!/no/such\n", 0o755);
    for level in 1..6 {
        source.file_mode(format!("/s{level}"), format!("#!/s{}\n", level - 1), 0o755);
    }
    let found = linkage(&source, "/s4");
    assert_eq!(found.start, Start::Runs);
    assert_eq!(found.executed(), Path::new("/sbin/init"));
    assert_eq!(
        fails(&source, "/s5"),
        refused("/s5: more than 5 interpreters behind each other")
    );
    assert_eq!(
        fails(&source, "/dos"),
        refused("/dos has DOS line ends: its interpreter is \"/sbin/init\\r\"")
    );
    assert_eq!(
        fails(&source, "/gone"),
        refused("/gone needs the interpreter /no/such, which does not exist")
    );
}

#[test]
fn env_is_asked_for_a_program_on_the_path() {
    let mut source = root();
    put(&mut source, "/usr/bin/env", &Elf::program(&[]));
    source
        .file_mode("/a", "#!/usr/bin/env init\n", 0o755)
        .file_mode("/b", "#!/usr/bin/env python3\n", 0o755)
        .file_mode("/c", "#!/usr/bin/env -S A=1 init -x\n", 0o755);
    assert_eq!(linkage(&source, "/a").start, Start::Runs);
    assert_eq!(linkage(&source, "/c").start, Start::Runs);
    assert_eq!(
        fails(&source, "/b"),
        dies("/b asks /usr/bin/env for python3, which is nowhere on the usual path")
    );
}

#[test]
fn a_file_of_another_class_is_passed_over_and_a_damaged_one_is_fatal() {
    let with = |bytes: Vec<u8>| {
        let mut source = root();
        source.file(in_dir("libx.so.1"), bytes);
        put(
            &mut source,
            "/usr/lib/libx.so.1",
            &Elf::library("libx.so.1", &[]),
        );
        put(&mut source, "/bin/x", &Elf::program(&["libx.so.1"]));
        source
    };
    let small = Elf {
        class: Some(32),
        machine: Some(3),
        ..Elf::default()
    };
    let found = linkage(&with(small.bytes()), "/bin/x");
    assert_eq!(paths(&found), ["/usr/lib/libx.so.1"]);
    let arm = Elf {
        machine: Some(183),
        ..Elf::default()
    };
    let found = linkage(&with(arm.bytes()), "/bin/x");
    assert_eq!(paths(&found), ["/usr/lib/libx.so.1"]);
    let at = in_dir("libx.so.1");
    let whole = Elf::library("libx.so.1", &[]).bytes();
    for (bytes, what) in [
        (Vec::new(), "is empty".to_owned()),
        (
            b"\x7fELF\x02\x01\x01".to_vec(),
            "is cut off: 7 bytes".into(),
        ),
        (vec![0; 70], "is no ELF file".into()),
        (
            whole[..whole.len() - 1].to_vec(),
            format!("is cut off: {} bytes of {}", whole.len() - 1, whole.len()),
        ),
    ] {
        assert_eq!(fails(&with(bytes), "/bin/x"), dies(&format!("{at} {what}")));
    }
    let mut dir = with(Vec::new());
    dir.remove(&at).dir(&at);
    assert_eq!(
        fails(&dir, "/bin/x"),
        dies(&format!("{at} is a directory, not a library"))
    );
}

#[test]
fn paths_in_the_files_are_searched_by_the_loaders_rules() {
    let mut source = root();
    let library = |needed: &[&str]| Elf::library("liba.so.1", needed);
    put(&mut source, "/opt/lib/liba.so.1", &library(&["libb.so.1"]));
    put(
        &mut source,
        "/opt/lib/libb.so.1",
        &Elf::library("libb.so.1", &[]),
    );
    let with = |rpath: Option<&str>, runpath: Option<&str>| Elf {
        rpath: rpath.map(str::to_owned),
        runpath: runpath.map(str::to_owned),
        ..Elf::program(&["liba.so.1"])
    };
    put(
        &mut source,
        "/opt/bin/rpath",
        &with(Some("$ORIGIN/../lib"), None),
    );
    let found = linkage(&source, "/opt/bin/rpath");
    // What it needs in turn is found by it too.
    assert_eq!(
        paths(&found),
        ["/opt/bin/../lib/liba.so.1", "/opt/bin/../lib/libb.so.1"]
    );
    put(
        &mut source,
        "/opt/bin/runpath",
        &with(None, Some("/opt/lib")),
    );
    assert_eq!(
        fails(&source, "/opt/bin/runpath"),
        dies("/opt/lib/liba.so.1 needs libb.so.1, which the loader does not find")
    );
    // Beside a DT_RUNPATH the other counts for nothing.
    put(
        &mut source,
        "/opt/bin/both",
        &with(Some("/opt/lib"), Some("/nowhere")),
    );
    assert_eq!(
        fails(&source, "/opt/bin/both"),
        dies("/opt/bin/both needs liba.so.1, which the loader does not find")
    );
}

#[test]
fn a_version_that_is_missing_ends_the_program_and_a_weak_one_does_not() {
    let mut source = root();
    let with = |need: &str| Elf {
        needs: vec![format!("libc.so.6 {need}")],
        ..Elf::program(&["libc.so.6"])
    };
    put(&mut source, "/bin/new", &with("GLIBC_2.38"));
    put(&mut source, "/bin/weak", &with("GLIBC_2.38 weak"));
    put(&mut source, "/bin/odd", &with("OTHER_1"));
    assert_eq!(
        fails(&source, "/bin/new"),
        dies(
            "/bin/new needs GLIBC_2.38, and /lib/x86_64-linux-gnu/libc.so.6 provides up to \
             GLIBC_2.36"
        )
    );
    assert_eq!(linkage(&source, "/bin/weak").start, Start::Runs);
    assert_eq!(
        fails(&source, "/bin/odd"),
        dies("/bin/odd needs OTHER_1, which /lib/x86_64-linux-gnu/libc.so.6 does not have")
    );
}

#[test]
fn loader_and_c_library_of_two_releases_do_not_run_together() {
    let mut source = root();
    put(&mut source, LOADER, &Elf::loader("2.41"));
    assert_eq!(
        fails(&source, "/sbin/init"),
        dies(
            "/lib64/ld-linux-x86-64.so.2 is of glibc 2.41, and \
             /lib/x86_64-linux-gnu/libc.so.6 of glibc 2.36"
        )
    );
}

#[test]
fn the_processor_of_a_running_system_is_compared() {
    let mut source = root();
    let new = Elf {
        isa: Some(7),
        ..Elf::program(&["libc.so.6"])
    };
    put(&mut source, "/bin/v3", &new);
    let on = |level| {
        let machine = Machine {
            kernel: None,
            level,
        };
        of_source(source.clone(), "/bin/v3", machine).start.clone()
    };
    assert_eq!(on(None), Start::Runs);
    assert_eq!(on(Some(Level::V3)), Start::Runs);
    assert!(matches!(on(Some(Level::V2)), Start::Dies(f)
        if f.message == "/bin/v3 is built for x86-64-v3, and this processor is x86-64-v2"));
}

#[test]
fn what_cannot_be_preloaded_is_passed_over_but_not_what_that_needs() {
    let mut source = root();
    source.file("/etc/ld.so.preload", "# site\n/opt/gone.so\n");
    let found = linkage(&source, "/sbin/init");
    assert_eq!(found.start, Start::Runs);
    assert_eq!(found.ignored.len(), 1);
    put(
        &mut source,
        "/opt/hook.so",
        &Elf::library("hook.so", &["libq.so.1"]),
    );
    source.file("/etc/ld.so.preload", "/opt/hook.so:/opt/gone.so\n");
    assert_eq!(
        fails(&source, "/sbin/init"),
        dies("/opt/hook.so needs libq.so.1, which the loader does not find")
    );
}

#[test]
fn musl_takes_the_first_file_and_checks_no_versions() {
    let mut source = MemSource::new();
    let loader = Elf {
        soname: Some("libc.so".into()),
        texts: [
            "/lib:/usr/local/lib:/usr/lib",
            "%.*s/etc/ld-musl-x86_64.path",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Elf::default()
    };
    put(&mut source, "/lib/ld-musl-x86_64.so.1", &loader);
    let program = Elf {
        interpreter: Some("/lib/ld-musl-x86_64.so.1".into()),
        needs: vec!["liba.so.1 A_9".into()],
        ..Elf::program(&["liba.so.1", "libc.musl-x86_64.so.1", "libpthread.so.0"])
    };
    put(&mut source, "/bin/x", &program);
    assert_eq!(
        fails(&source, "/bin/x"),
        dies("/bin/x needs liba.so.1, which the loader does not find")
    );
    let library = Elf {
        defines: vec!["A_1".into()],
        ..Elf::library("liba.so.1", &[])
    };
    put(&mut source, "/usr/local/lib/liba.so.1", &library);
    let found = linkage(&source, "/bin/x");
    assert_eq!(
        (&found.start, paths(&found)),
        (&Start::Runs, vec!["/usr/local/lib/liba.so.1".to_owned()])
    );
    source.file("/etc/ld-musl-x86_64.path", "/srv/lib\n");
    assert!(matches!(linkage(&source, "/bin/x").start, Start::Dies(_)));
}

#[test]
fn what_cannot_be_read_is_open() {
    let denied = [(PathBuf::from(in_dir("libc.so.6")), Injected::Denied)];
    let source = FaultSource::new(root(), denied);
    let found = of_source(source, "/sbin/init", Machine::default());
    assert!(
        matches!(found.start, Start::Unknown(_)),
        "{:?}",
        found.start
    );
    let mut fifo = root();
    fifo.insert("/sbin/pipe", Node::new(FileKind::Fifo, 0o755));
    assert_eq!(fails(&fifo, "/sbin/pipe"), refused("/sbin/pipe is a FIFO"));
}

#[test]
fn loops_of_libraries_end() {
    let mut source = root();
    put(
        &mut source,
        "/usr/lib/liba.so.1",
        &Elf::library("liba.so.1", &["libb.so.1"]),
    );
    put(
        &mut source,
        "/usr/lib/libb.so.1",
        &Elf::library("libb.so.1", &["liba.so.1"]),
    );
    put(&mut source, "/bin/x", &Elf::program(&["liba.so.1"]));
    assert_eq!(linkage(&source, "/bin/x").start, Start::Runs);
}
