use super::*;
use crate::fact::Looked;
use crate::parse::loader_conf;

/// Every path is there but `/gone`.
struct There;

impl BootFiles for There {
    fn file(&self, _: &RootSpec, path: &Path) -> Fact<Arc<File>> {
        Fact::Absent(Looked::at(path))
    }
    fn exists(&self, _: &RootSpec, path: &Path) -> Fact<bool> {
        Fact::Known(path != Path::new("/gone"))
    }
    fn list(&self, _: &RootSpec, path: &Path) -> Fact<Vec<std::ffi::OsString>> {
        Fact::Absent(Looked::at(path))
    }
}

fn run(conf: &str, entries: &[(&str, &str)], efi: Option<&EfiVariables>) -> NextBoot {
    let conf = loader_conf::parse(&File::new("/loader/loader.conf", conf));
    let file = |(name, text): &(&str, &str)| File::new(format!("/loader/entries/{name}"), *text);
    let entries: Vec<_> = entries.iter().map(file).collect();
    systemd_boot(&conf, &entries, &[], Some("x64"), efi, &There)
}

fn id(next: &NextBoot) -> String {
    let id = next.entry.as_ref().map(|e| e.id.clone());
    String::from_utf8(id.unwrap_or_default()).unwrap()
}

const A: &str = "linux /vmlinuz\n";

#[test]
fn systemd_boot_takes_the_newest_entry_of_the_list() {
    let rows = [
        (vec![("d-6.9.conf", A), ("d-6.10.conf", A)], "d-6.10.conf"),
        (
            vec![
                ("z.conf", A),
                ("a.conf", "sort-key d\nversion 1\nlinux /k\n"),
            ],
            "a.conf",
        ),
        (
            vec![
                ("a.conf", "sort-key d\nversion 6.9\nlinux /k\n"),
                ("b.conf", "sort-key d\nversion 6.10\nlinux /k\n"),
            ],
            "b.conf",
        ),
        (vec![("a-2+0-3.conf", A), ("a-1.conf", A)], "a-1.conf"),
        (vec![("a-2+1-3.conf", A), ("a-1.conf", A)], "a-2.conf"),
        (vec![("a.conf", "linux /gone\n"), ("B.CONF", A)], "b.conf"),
        (
            vec![("a.conf", "architecture aa64\nlinux /k\n"), ("0.conf", A)],
            "0.conf",
        ),
        (
            vec![
                ("a.conf", "title x\n"),
                (".b.conf", A),
                ("auto-c.conf", A),
                ("0.conf", A),
            ],
            "0.conf",
        ),
    ];
    for (entries, want) in rows {
        assert_eq!(id(&run("", &entries, None)), want, "{entries:?}");
    }
}

#[test]
fn systemd_boot_defaults_are_patterns_in_the_order_of_their_sources() {
    let entries = [("a-1.conf", A), ("a-2.conf", A), ("b.conf", A)];
    assert_eq!(id(&run("default a-*\n", &entries, None)), "a-2.conf");
    assert_eq!(id(&run("default A-1.*\n", &entries, None)), "a-1.conf");
    assert_eq!(
        id(&run("default a-[0-1].conf\n", &entries, None)),
        "a-1.conf"
    );
    let unmatched = run("default c*\n", &entries, None);
    assert_eq!(id(&unmatched), "b.conf");
    assert_eq!(unmatched.problems[0].kind, ProblemKind::DefaultUnmatched);
    let mut efi = EfiVariables {
        default: Some(b"a-1.conf".to_vec()),
        ..EfiVariables::default()
    };
    assert_eq!(id(&run("default b*\n", &entries, Some(&efi))), "a-1.conf");
    efi.one_shot = Some(b"a-2.conf".to_vec());
    assert_eq!(id(&run("default b*\n", &entries, Some(&efi))), "a-2.conf");
    assert_eq!(run("default @saved\n", &entries, None).open.len(), 1);
}

#[test]
fn systemd_boot_joins_options_and_keeps_every_initrd() {
    let text = "linux \\EFI\\k\ninitrd /a\ninitrd /b\noptions root=/dev/x\noptions quiet\n";
    let entry = run("", &[("a.conf", text)], None).entry.unwrap();
    assert_eq!(entry.cmdline.unwrap().text, b"root=/dev/x quiet");
    assert_eq!(entry.kernel.unwrap().path, b"/EFI/k");
    assert_eq!(entry.initrds.len(), 2);
}

#[test]
fn systemd_boot_waits_for_ever_only_with_menu_force() {
    let entries = [("a.conf", A)];
    assert_eq!(
        run("timeout menu-force\n", &entries, None).timeout,
        Timeout::Forever
    );
    assert_eq!(
        run("timeout 3\n", &entries, None).timeout,
        Timeout::Seconds(3)
    );
    assert_eq!(run("", &entries, None).timeout, Timeout::Seconds(0));
    assert_eq!(run("", &[], None).timeout, Timeout::Seconds(10));
}
