//! `--devices`: the block devices of a root that has none of its own.

use super::support::{Call, Root, healthy};

const LISTING: &str = "DEVNAME=/dev/vda1\nUUID=1111-2222\nTYPE=ext4\n";

fn root() -> (Root, String) {
    let root = healthy();
    root.file("etc/init.d/mountall.sh", "#!/bin/sh\n");
    root.file("listing.txt", LISTING);
    let listing = root.at("listing.txt");
    (root, listing.to_str().unwrap().to_owned())
}

#[test]
fn what_the_listing_lacks_is_missing_and_without_one_nothing_is_said() {
    let (root, listing) = root();
    root.file("etc/fstab", "UUID=9999 /srv ext4 defaults 0 2\n");
    let facts = root.call("facts", &["--devices", &listing]).run();
    facts.says("/dev/vda1").says("UUID=1111-2222");
    root.check(&["--select", "mount-device-missing"])
        .never_says("cannot be mounted");
    root.check(&["--select", "mount-device-missing", "--devices", &listing])
        .says("/srv cannot be mounted: no device is")
        .says("the one device (blkid) has it not");
}

#[test]
fn a_listing_that_is_none_or_makes_no_sense_is_a_mistake() {
    let (root, listing) = root();
    root.check(&["--devices", "/no/such"])
        .ends(2)
        .complains("no such file");
    let fstab = root.at("etc/passwd");
    root.check(&["--devices", fstab.to_str().unwrap()])
        .ends(2)
        .complains("neither the JSON of lsblk");
    Call::new(["check", "--devices", &listing])
        .run()
        .ends(2)
        .complains("the running system has its own");
    root.check(&["--tree", "partial", "--devices", &listing])
        .ends(2)
        .complains("a part of a root");
    Call::new(["check", "--hosts", "x", "--devices", &listing])
        .run()
        .ends(2);
}
