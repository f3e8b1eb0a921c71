#!/bin/sh
via=$(sed -n "s/^$2 //p" /etc/keepalived/table)
[ -z "$via" ] && exit 0
if [ "$3" = MASTER ]; then ip route replace default via $via; fi
