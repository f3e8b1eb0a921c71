#!/bin/sh
is_router() {
    case $1 in gw*) return 0 ;; esac
    return 1
}
is_master() { [ "$1" = MASTER ]; }
if is_router "$2" && is_master "$3"; then
    ip route replace default via 192.0.2.1
fi
