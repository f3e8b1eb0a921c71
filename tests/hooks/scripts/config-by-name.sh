#!/bin/bash
conf="/etc/keepalived/instances/$2.conf"
if [[ -f $conf ]]; then
    . "$conf"
    [[ $3 == MASTER ]] && ip route replace default via "$VIA"
fi
exit 0
