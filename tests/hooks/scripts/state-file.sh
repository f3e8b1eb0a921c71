#!/bin/sh
mkdir -p /run/keepalived
case $2 in
gw4) echo "$3" > /run/keepalived/gw4.state ;;
esac
