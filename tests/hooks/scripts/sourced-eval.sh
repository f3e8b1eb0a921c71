#!/bin/sh
. /etc/keepalived/routes.conf
eval "via=\$via_$2"
[ "$via" ] || exit 0
case $3 in MASTER) ip route replace default via "$via" ;; esac
