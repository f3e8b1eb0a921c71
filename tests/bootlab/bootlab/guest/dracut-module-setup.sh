#!/bin/bash
# dracut module 99observer: the observer as a pre-pivot hook.
check() { return 0; }
depends() { return 0; }
install() {
    inst_simple /usr/bin/busybox /bin/busybox.observer
    inst_simple "$moddir/observe" /scripts/observe
    inst_hook pre-pivot 99 "$moddir/start.sh"
}
