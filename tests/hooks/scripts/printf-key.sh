#!/bin/sh
key=$(printf '%s.%s' "$2" "$3")
if [ "$key" = gw4.MASTER ]; then
    ip route replace default via 192.0.2.1
fi
