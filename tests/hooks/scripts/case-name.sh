#!/bin/sh
NAME=$2
STATE=$3
case "$NAME" in
    gw4) [ "$STATE" = MASTER ] && ip route replace default via 192.0.2.1 ;;
    gw6) [ "$STATE" = MASTER ] && ip -6 route replace default via 2001:db8::1 ;;
esac
exit 0
