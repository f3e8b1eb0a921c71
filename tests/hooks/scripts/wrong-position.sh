#!/bin/sh
NAME=$1
STATE=$2
case $STATE in
MASTER) ip route replace default via 192.0.2.1 ;;
BACKUP) ip route del default ;;
esac
