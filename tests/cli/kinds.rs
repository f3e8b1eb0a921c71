//! Partial trees, whole roots, damaged roots, images: each judged by what it is.

use super::support::{Root, healthy};

/// A repository's part of a host: cron and keepalived.
fn partial() -> Root {
    let root = Root::new();
    root.file("etc/cron.d/job", "5 4 * * * root /usr/bin/backup\n")
        .file(
            "etc/keepalived/keepalived.conf",
            "global_defs {\n  enable_script_security\n  script_user root\n}\n\
             vrrp_instance gw1 {\n  state BACKUP\n  interface eth0\n  virtual_router_id 51\n  \
             priority 100\n  notify /etc/keepalived/notify.sh\n}\n",
        )
        .file_mode(
            "etc/keepalived/notify.sh",
            "#!/bin/sh\ncase \"$2\" in\ngw1) ip route replace default via 192.0.2.254 ;;\nesac\n",
            0o755,
        );
    root
}

#[test]
fn a_partial_tree_is_judged_on_what_it_has() {
    let run = partial().check(&[]).ends(0);
    assert_eq!(run.verdict(), "CLEAR");
    run.says("Mon 2026-08-24")
        .says("partial")
        .says("loader..access not covered")
        .says("packages not covered")
        .says("not covered: ");
    let json = partial().check(&["--format", "json"]).ends(0).json();
    assert_eq!(json["hosts"][0]["tree"], "partial");
    assert!(json["hosts"][0]["counts"]["not_covered"].as_u64() > Some(0));
    assert_eq!(json["hosts"][0]["counts"]["undecided"], 0);
}

#[test]
fn what_a_partial_tree_shows_to_be_wrong_blocks() {
    let root = partial();
    let hook = "etc/keepalived/notify.sh";
    root.file_mode(
        hook,
        "#!/bin/sh\ncase \"$2\" in\ngw2) ip route replace default via 192.0.2.254 ;;\nesac\n",
        0o755,
    );
    root.check(&[])
        .ends(1)
        .says("block[failover-instance-not-handled]");
}

#[test]
fn only_what_a_partial_tree_covers_can_be_missing() {
    let root = partial();
    root.remove("etc/keepalived/notify.sh");
    root.check(&[]).ends(0).never_says("failover-hook-missing");
    root.check(&["--covers", "etc/keepalived"])
        .ends(1)
        .says("block[failover-hook-missing]")
        .says("/etc/keepalived/notify.sh");
    // The policy of a repository can say the same.
    root.file("comeback.toml", "[tree]\ncovers = [\"etc/keepalived\"]\n");
    let config = root.at("comeback.toml");
    root.check(&["--config", config.to_str().unwrap()]).ends(1);
}

#[test]
fn a_checkout_is_partial_whether_git_is_a_directory_or_a_file() {
    for git_is_a_file in [true, false] {
        let root = healthy();
        root.remove("usr/sbin/init");
        root.check(&[]).ends(1);
        // git keeps no empty directories.
        for dir in ["dev", "proc", "run", "sys"] {
            root.remove(dir);
        }
        if git_is_a_file {
            root.file(".git", "gitdir: ../elsewhere\n");
        } else {
            root.dir(".git");
        }
        root.check(&[]).ends(0).says("partial");
        root.check(&["--tree", "full"]).ends(1).says("full");
    }
}

#[test]
fn a_directory_inside_a_checkout_is_partial() {
    let repository = Root::new();
    repository
        .dir(".git")
        .file("hosts/a/etc/passwd", "root:x:0:0::/:/bin/sh\n")
        .file("hosts/a/etc/crontab", "5 4 * * * root /bin/true\n");
    let host = repository.at("hosts/a");
    super::support::comeback([
        "check",
        host.to_str().unwrap(),
        "--now",
        super::support::NOW,
    ])
    .ends(0)
    .says("partial");
}

#[test]
fn a_root_unpacked_in_a_checkout_is_full() {
    let root = healthy();
    root.dir(".git").dir("proc").dir("sys").dir("dev");
    root.check(&[]).ends(0).says("full");
    root.remove("usr/sbin/init");
    root.check(&[]).ends(1).says("init-missing");
}

#[test]
fn a_checkout_that_holds_nothing_but_git_is_nothing() {
    let root = Root::new();
    root.dir(".git");
    root.check(&[]).ends(3).complains("nothing here to examine");
}

#[test]
fn a_tree_that_could_be_either_asks() {
    let root = Root::new();
    root.file("usr/bin/x", "").file("etc/hosts", "");
    root.check(&[])
        .ends(2)
        .complains("say --tree full or --tree partial");
    root.check(&["--tree", "partial"]).says("partial");
    root.check(&["--tree", "full"]).ends(1).says("init-missing");
}

#[test]
fn a_root_that_lost_usr_is_blocked_not_partial() {
    let root = healthy();
    root.remove("usr");
    root.check(&[])
        .ends(1)
        .says("full")
        .says("block[init-missing]")
        .says("/usr/sbin/init does not exist");
}

#[test]
fn an_old_root_without_os_release_is_full() {
    let root = Root::new();
    root.file(
        "etc/inittab",
        "id:3:initdefault:\nc1:12345:respawn:/sbin/agetty 38400 tty1\n",
    )
    .file("etc/gentoo-release", "Gentoo Base System release 1.12.14\n")
    .file(
        "var/db/pkg/sys-apps/baselayout-1.12.14-r1/CATEGORY",
        "sys-apps\n",
    )
    .file_mode("sbin/agetty", super::support::ELF, 0o755)
    .file_mode("bin/sh", super::support::ELF, 0o755);
    for dir in ["dev", "proc", "run", "sys"] {
        root.dir(dir);
    }
    root.check(&[])
        .ends(1)
        .says("full")
        .says("block[init-missing]");
    root.file_mode("sbin/init", super::support::SYSVINIT, 0o755);
    root.check(&[]).says("init ok").never_says("init-missing");
}

#[test]
fn an_image_without_kernel_and_init_does_not_boot_and_is_not_blocked() {
    let root = healthy();
    root.remove("usr/sbin/init")
        .remove("etc/inittab")
        .remove("etc/rc2.d")
        .remove("etc/fstab")
        .file(
            "var/lib/dpkg/status",
            "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n",
        );
    root.check(&[])
        .ends(0)
        .says("loader..access not covered")
        .says("a container or image does not boot by itself");
    root.file(".dockerenv", "");
    root.check(&[]).ends(0);
    root.check(&["--tree", "full"]).ends(1).says("init-missing");
}

#[test]
fn a_usr_of_its_own_that_is_not_mounted_is_not_covered_rather_than_missing() {
    let root = healthy();
    root.remove("usr").dir("usr").file(
        "etc/fstab",
        "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /usr ext4 defaults 0 2\n",
    );
    let run = root.check(&[]).ends(0);
    run.never_says("init-missing")
        .says("/usr is a file system of its own and not mounted here");
}

#[test]
fn hosts_are_named_once_each_and_partial_trees_are_counted() {
    let hosts = Root::new();
    for name in ["a", "b", "c"] {
        hosts.file(
            format!("{name}/etc/cron.d/job"),
            "5 4 * * * root /bin/true\n",
        );
    }
    hosts.dir("d-empty/etc");
    let pattern = format!("{}/[abc]", hosts.path().display());
    let args = ["check", "--hosts", &pattern, "--now", super::support::NOW];
    super::support::comeback(args)
        .ends(0)
        .says("3 hosts 3 partial");
}

#[test]
fn the_running_system_is_live_and_never_partial() {
    // Whatever it is, it is examined as what it is.
    let run = super::support::comeback(["check", "/", "--format", "json", "--deadline", "30s"]);
    assert!(
        [0, 1, 4, 5].contains(&run.code),
        "{}\n{}",
        run.code,
        run.stderr
    );
    assert_eq!(run.json()["hosts"][0]["tree"], "live");
}
