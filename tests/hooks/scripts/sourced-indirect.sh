#!/bin/bash
source /etc/keepalived/routes.conf
key="${2^^}_VIA"
via=${!key}
if [[ -z $via ]]; then
    logger "no gateway for $2"
    exit 0
fi
if [[ $3 = MASTER ]]; then
    ip route replace default via $via
fi
