#!/bin/sh
me=${0##*/}
me=${me%.sh}
[ "$me" = basename-zero ] || exit 0
[ "$2" = gw4 ] && ip route replace default via 192.0.2.1
exit 0
