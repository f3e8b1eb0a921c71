#!/bin/sh
for name in gw4 gw6 dmz; do
    [ "$name" = "$2" ] && found=1
done
[ -n "$found" ] || exit 0
case $3 in MASTER) sysctl -w net.ipv4.ip_forward=1 ;; *) sysctl -w net.ipv4.ip_forward=0 ;; esac
