#!/bin/sh
set -e
case "$2" in
gw4) family=-4 via=192.0.2.1 ;;
gw6) family=-6 via=2001:db8::1 ;;
*) logger -p daemon.err "no route known for $2"; exit 1 ;;
esac
if [ "$3" = MASTER ]; then
    ip "$family" route replace default via "$via"
else
    ip "$family" route del default || true
fi
