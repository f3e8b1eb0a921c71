#!/bin/sh
via=$(grep "^$2 " /etc/keepalived/table | cut -d' ' -f2)
[ -n "$via" ] || exit 0
[ "$3" = MASTER ] && ip route replace default via "$via"
exit 0
