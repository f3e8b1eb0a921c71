#!/bin/bash
TYPE=$1
NAME=$2
STATE=$3
if [ "$STATE" = "MASTER" ]; then
    if [ "$NAME" = "gw4" ]; then
        ip route add default via 192.0.2.1
    elif [ "$NAME" = "gw6" ]; then
        ip -6 route add default via 2001:db8::1
    else
        echo "nothing to do for $TYPE $NAME"
    fi
elif [ "$STATE" = "BACKUP" ]; then
    ip route del default
else
    logger "$NAME $STATE"
fi
