#!/bin/sh
case "$2" in
gw) ip route replace default via 192.0.2.1 ;;
esac
logger -t keepalived "$2 is now $3"
