use super::*;
use crate::fact::Looked;
use std::path::Path;

struct Nothing;

impl BootFiles for Nothing {
    fn file(&self, _: &RootSpec, path: &Path) -> Fact<Arc<File>> {
        match path.to_str() {
            Some("/boot/extlinux/more.cfg") => Fact::Known(File::new(
                path,
                "LABEL more\nLINUX /more\nINCLUDE more.cfg\n",
            )),
            _ => Fact::Absent(Looked::at(path)),
        }
    }
    fn exists(&self, _: &RootSpec, path: &Path) -> Fact<bool> {
        Fact::Absent(Looked::at(path))
    }
    fn list(&self, _: &RootSpec, path: &Path) -> Fact<Vec<std::ffi::OsString>> {
        Fact::Absent(Looked::at(path))
    }
}

const MENU: &str = "LABEL a\nLINUX /vmlinuz-a\nAPPEND root=/dev/a initrd=/i1,/i2\n\
    label b\n  menu label ^Bee\n  menu default\n  kernel vmlinuz-b\n  initrd ../i\n";

fn run(head: &str, reader: Reader) -> NextBoot {
    let main = File::new("/boot/extlinux/extlinux.conf", format!("{head}{MENU}"));
    let dir = std::path::Path::new("/boot/extlinux");
    extlinux(&main, dir, &Nothing, reader)
}

fn id(next: &NextBoot) -> String {
    let id = next.entry.as_ref().map(|e| e.id.clone());
    String::from_utf8(id.unwrap_or_default()).unwrap()
}

#[test]
fn extlinux_takes_the_default_label_and_menus_the_marked_one() {
    assert_eq!(id(&run("DEFAULT a\n", Reader::Syslinux)), "a");
    assert_eq!(
        id(&run(
            "UI menu.c32\nTIMEOUT 50\nDEFAULT a\n",
            Reader::Syslinux
        )),
        "b"
    );
    assert_eq!(
        id(&run(
            "DEFAULT a\nPROMPT 1\nTIMEOUT 50\nONTIMEOUT b\n",
            Reader::Syslinux
        )),
        "b"
    );
    assert_eq!(id(&run("default a\ntimeout 50\n", Reader::UBoot)), "b");
    assert_eq!(
        id(&run("INCLUDE more.cfg\nDEFAULT more\n", Reader::Syslinux)),
        "more"
    );
}

#[test]
fn extlinux_without_its_label_boots_a_kernel_of_that_name() {
    let next = run("DEFAULT gone x=1\n", Reader::Syslinux);
    assert_eq!(
        next.entry.unwrap().kernel.unwrap().path,
        b"/boot/extlinux/gone"
    );
    assert_eq!(next.problems[0].kind, ProblemKind::DefaultUnmatched);
}

#[test]
fn extlinux_paths_and_initrds_are_resolved() {
    let next = run("DEFAULT a\n", Reader::Syslinux);
    assert_eq!(next.entry.unwrap().initrds.len(), 2);
    let bee = &next.entries[1];
    assert_eq!(bee.title, b"Bee");
    assert_eq!(
        bee.kernel.as_ref().unwrap().path,
        b"/boot/extlinux/vmlinuz-b"
    );
}

#[test]
fn extlinux_waits_for_ever_at_a_prompt_without_a_timeout() {
    assert_eq!(
        run("DEFAULT a\nPROMPT 1\nTIMEOUT 0\n", Reader::Syslinux).timeout,
        Timeout::Forever
    );
    assert_eq!(
        run("DEFAULT a\nPROMPT 1\nTIMEOUT 51\n", Reader::Syslinux).timeout,
        Timeout::Seconds(6)
    );
    assert_eq!(
        run("DEFAULT a\n", Reader::Syslinux).timeout,
        Timeout::Seconds(0)
    );
}
