#!/bin/sh
gateway() {
    case $1 in
    gw4) echo 192.0.2.1 ;;
    gw6) echo 2001:db8::1 ;;
    esac
}
via=$(gateway "$2")
if [ "$via" != "" ] && [ "$3" = MASTER ]; then
    ip route replace default via "$via"
fi
