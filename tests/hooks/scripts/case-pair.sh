#!/bin/sh
case "$2/$3" in
gw4/MASTER) ip route replace default via 192.0.2.1 dev eth0 ;;
gw4/*) ip route del default ;;
gw6/MASTER) ip -6 route replace default via 2001:db8::1 ;;
gw6/BACKUP|gw6/FAULT|gw6/STOP) ip -6 route del default ;;
esac
