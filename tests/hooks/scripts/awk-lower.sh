#!/bin/sh
state=$(echo "$3" | awk '{ print tolower($0) }')
[ "$state" = master ] && [ "$2" = gw6 ] && ip -6 route replace default dev eth0
exit 0
