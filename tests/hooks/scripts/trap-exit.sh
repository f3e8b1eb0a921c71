#!/bin/sh
cleanup() { rm -f /tmp/notify.$$; logger "done with $NAME"; }
NAME=$2
trap cleanup EXIT
trap 'exit 1' INT TERM
[ "$NAME" = gw4 ] || exit 0
[ "$3" = MASTER ] && conntrackd -f internal
exit 0
