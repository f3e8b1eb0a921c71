#!/bin/sh
ME=$(basename "$0" .sh)
logger -t "$ME" "$*"
[ "$(basename "/x/$2")" = gw6 ] && [ "$3" = MASTER ] && ip -6 route replace default dev eth0
exit 0
