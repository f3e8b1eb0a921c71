#!/bin/sh
echo "$2 $3" | logger -t vrrp
if [ "$2" = gw6 ]; then
    for dev in eth0 eth1; do
        arping -c 1 -A -I $dev 192.0.2.10
    done
fi
