use super::*;
use crate::facts::elf_maker::Elf;
use crate::facts::linkage::{Linker, Machine};
use crate::source::{Coverage, MemSource};

fn read(source: &MemSource, starter: Starter, init: Option<&str>) -> Init {
    let tree = Tree::for_tests(source.clone(), Coverage::full(true));
    let linker = Linker::default();
    let linkage = |path: &Path| linker.of(&tree, Machine::default(), path);
    let boot = Boot {
        starter,
        init: init.map(PathBuf::from),
        place: None,
    };
    Init::read(&tree, &linkage, boot)
}

/// The ending in a few words.
fn ending(source: &MemSource, starter: Starter, init: Option<&str>) -> String {
    let init = read(source, starter, init);
    match init.ending() {
        Ok(Ending::Starts(candidate, program)) => {
            format!("{} {}", candidate.path.display(), program.kind.name())
        }
        Ok(Ending::Dies(candidate, _, failure)) => {
            format!("{} dies: {:?}", candidate.path.display(), failure.kind)
        }
        Ok(Ending::Shell(candidate)) => format!("shell {}", candidate.path.display()),
        Ok(Ending::Nothing(dead)) => format!("{dead:?}"),
        Err(open) => format!("{open:?}"),
    }
}

fn put(source: &mut MemSource, path: &str, elf: &Elf) {
    source.file_mode(path, elf.bytes(), 0o755);
}

/// systemd behind a link, sysvinit beside it, a shell.
fn healthy() -> MemSource {
    let mut source = MemSource::new();
    put(&mut source, "/usr/lib/systemd/systemd", &Elf::default());
    put(&mut source, "/bin/sh", &Elf::default());
    source
        .link("/sbin/init", "/usr/lib/systemd/systemd")
        .file("/etc/os-release", "ID=debian\n");
    source
}

const ALL: [Starter; 8] = [
    Starter::Kernel,
    Starter::InitramfsTools,
    Starter::Dracut,
    Starter::SystemdInitrd,
    Starter::Mkinitcpio,
    Starter::Alpine,
    Starter::Genkernel,
    Starter::Unknown,
];

#[test]
fn a_sound_init_is_started_by_all_but_the_one_that_links_trap() {
    for starter in ALL {
        let expected = match starter {
            Starter::SystemdInitrd => "/usr/lib/systemd/systemd systemd",
            Starter::Mkinitcpio => "InitramfsShell",
            _ => "/sbin/init systemd",
        };
        assert_eq!(ending(&healthy(), starter, None), expected, "{starter:?}");
    }
    let mut relative = healthy();
    relative.link("/sbin/init", "../usr/lib/systemd/systemd");
    assert_eq!(
        ending(&relative, Starter::Mkinitcpio, None),
        "/sbin/init systemd"
    );
}

#[test]
fn what_real_boots_showed_of_a_missing_init() {
    // Booted with initramfs-tools 0.142: process 1 was /bin/sh.
    let mut gone = healthy();
    gone.remove("/usr/lib/systemd/systemd");
    assert_eq!(
        ending(&gone, Starter::InitramfsTools, None),
        "shell /bin/sh"
    );
    // Booted: an empty file passes the test and ends in "Attempted to kill init".
    let mut empty = healthy();
    empty.file_mode("/usr/lib/systemd/systemd", "", 0o755);
    assert_eq!(
        ending(&empty, Starter::InitramfsTools, None),
        "/sbin/init dies: Empty"
    );
    // Booted: init=/no/such is passed over.
    assert_eq!(
        ending(&healthy(), Starter::InitramfsTools, Some("/no/such")),
        "/sbin/init systemd"
    );
    // Booted: a script that starts systemd is an init like any other.
    let mut wrapper = healthy();
    wrapper.file_mode(
        "/sbin/init",
        "#!/bin/sh\nexec /usr/lib/systemd/systemd\n",
        0o755,
    );
    assert_eq!(
        ending(&wrapper, Starter::InitramfsTools, None),
        "/sbin/init systemd"
    );
}

#[test]
fn a_script_that_decides_by_itself_is_a_script() {
    let mut source = healthy();
    let text = "#!/bin/sh\nif grep x /proc/cmdline; then exec /usr/lib/systemd/systemd; fi\n";
    source.file_mode("/sbin/init", text, 0o755);
    assert_eq!(
        ending(&source, Starter::Kernel, None),
        "/sbin/init a script"
    );
}

#[test]
fn a_wrong_init_parameter_means_something_else_to_each_starter() {
    for (starter, expected) in [
        (Starter::Kernel, "Panic"),
        (Starter::InitramfsTools, "/sbin/init systemd"),
        (Starter::Dracut, "/sbin/init systemd"),
        (Starter::SystemdInitrd, "Emergency"),
        (Starter::Mkinitcpio, "InitramfsShell"),
        (Starter::Alpine, "Panic"),
        (Starter::Genkernel, "InitramfsShell"),
    ] {
        let ending = ending(&healthy(), starter, Some("/no/such"));
        assert_eq!(ending, expected, "{starter:?}");
    }
}

#[test]
fn what_the_kernel_refuses_it_passes_over_and_initramfs_tools_does_not() {
    let mut source = healthy();
    let lost = Elf {
        interpreter: Some("/lib/ld.so".into()),
        ..Elf::default()
    };
    put(&mut source, "/usr/lib/systemd/systemd", &lost);
    put(&mut source, "/bin/init", &Elf::default());
    assert_eq!(
        ending(&source, Starter::Kernel, None),
        "/bin/init an init of unknown kind"
    );
    assert_eq!(
        ending(&source, Starter::InitramfsTools, None),
        "/sbin/init dies: LoaderMissing"
    );
    // A systemd in the initrd takes /bin/sh where nothing but ENOENT was said.
    assert_eq!(
        ending(&source, Starter::SystemdInitrd, None),
        "shell /bin/sh"
    );
    source.file_mode("/sbin/init", "text\n", 0o755);
    assert_eq!(ending(&source, Starter::SystemdInitrd, None), "Freeze");
}

#[test]
fn a_library_that_is_missing_is_death_for_every_starter() {
    let mut source = healthy();
    put(
        &mut source,
        "/lib64/ld-linux-x86-64.so.2",
        &Elf::loader("2.36"),
    );
    source.link("/sbin/init", "../usr/lib/systemd/systemd");
    let needy = Elf::program(&["libselinux.so.1"]);
    put(&mut source, "/usr/lib/systemd/systemd", &needy);
    for starter in ALL {
        let ending = ending(&source, starter, None);
        assert!(ending.ends_with("dies: LibraryMissing"), "{ending}");
    }
}

#[test]
fn a_systemd_in_the_initrd_does_not_leave_it_without_os_release() {
    let mut source = healthy();
    source.remove("/etc/os-release");
    assert_eq!(ending(&source, Starter::SystemdInitrd, None), "Emergency");
    assert_eq!(
        ending(&source, Starter::InitramfsTools, None),
        "/sbin/init systemd"
    );
    source.link("/etc/os-release", "../usr/lib/os-release");
    assert_eq!(ending(&source, Starter::SystemdInitrd, None), "Emergency");
    source.file("/usr/lib/os-release", "ID=debian\n");
    assert_eq!(
        ending(&source, Starter::SystemdInitrd, None),
        "/usr/lib/systemd/systemd systemd"
    );
}

#[test]
fn kinds_are_told_by_name_and_by_what_is_written_inside() {
    let with = |texts: &[&str]| {
        let mut source = MemSource::new();
        let elf = Elf {
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            ..Elf::default()
        };
        put(&mut source, "/sbin/init", &elf);
        ending(&source, Starter::Kernel, None)
    };
    assert_eq!(with(&["/etc/inittab"]), "/sbin/init sysvinit");
    assert_eq!(
        with(&["/etc/inittab", "BusyBox v1"]),
        "/sbin/init busybox init"
    );
    assert_eq!(with(&["/run/runit.stopit"]), "/sbin/init runit");
    assert_eq!(with(&[]), "/sbin/init an init of unknown kind");
    let mut source = MemSource::new();
    put(&mut source, "/usr/bin/dinit", &Elf::default());
    source.link("/sbin/init", "../usr/bin/dinit");
    assert_eq!(ending(&source, Starter::Kernel, None), "/sbin/init dinit");
}

#[test]
fn a_deleted_running_init_is_told_from_a_present_one() {
    let mut source = MemSource::new();
    source.link("/proc/1/exe", "/sbin/init (deleted)");
    let tree = Tree::for_tests(source, Coverage::live());
    assert_eq!(
        running(&tree),
        Fact::Known(Running {
            program: "/sbin/init".into(),
            deleted: true
        })
    );
}
