#!/bin/sh
[ "$1" = INSTANCE ] || exit 0
case $3 in
MASTER) echo 1 > /proc/sys/net/ipv4/ip_forward ;;
BACKUP) echo 0 > /proc/sys/net/ipv4/ip_forward ;;
esac
