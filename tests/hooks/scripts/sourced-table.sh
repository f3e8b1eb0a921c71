#!/bin/sh
. /etc/keepalived/routes.conf
case $2 in
gw4) via=$GW4_VIA ;;
gw6) via=$GW6_VIA ;;
esac
[ -n "$via" ] || exit 0
[ "$3" = MASTER ] && ip route replace default via "$via"
exit 0
