//! One file per format, pure and total: bytes in, value and problems out.
//!
//! A parser uses its consumer's grammar, not a nicer one; it never fails and
//! never panics. What the consumer would reject becomes a problem with a span.

pub mod anacrontab;
pub mod apk;
pub mod apt_conf;
pub mod assignments;
pub mod at_job;
pub mod blkid;
pub mod bls;
pub mod busybox_inittab;
pub mod calendar;
pub mod cloud_config;
pub mod cmdline;
pub mod crontab;
pub mod crypttab;
pub mod deb;
pub mod dpkg;
pub mod elf;
pub mod extlinux;
pub mod fcrontab;
pub mod fstab;
pub mod grub;
pub mod grub_legacy;
pub mod ini;
pub mod init_script;
pub mod initrd;
pub mod inittab;
pub mod interfaces;
pub mod keepalived;
pub mod kernel_image;
pub mod keyfile;
pub mod ld_cache;
pub mod loader_conf;
pub mod lsblk;
pub mod lvm_conf;
pub mod mountinfo;
pub mod netplan;
pub mod openrc_script;
pub mod os_release;
pub mod package_version;
pub mod pacman;
pub mod pam;
pub mod partitions;
pub mod quorum;
pub mod redis_conf;
pub mod rpm;
pub mod sqlite;
pub mod sshd_config;
pub mod superblock;
pub mod sysctl;
pub mod transaction;
pub mod udev_db;
pub mod unit;
pub mod watchdog_conf;
pub mod yaml;
