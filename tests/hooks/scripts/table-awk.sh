#!/bin/sh
via=$(awk -v n="$2" '$1 == n { print $2 }' /etc/keepalived/table)
if [ -n "$via" ] && [ "$3" = MASTER ]; then
    ip route replace default via "$via"
fi
