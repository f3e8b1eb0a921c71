#!/bin/sh
short=$(echo "$2" | sed -e 's/^VI_//' -e 's/[0-9]*$//')
case $short in
gw) [ "$3" = MASTER ] && ip route replace default via 192.0.2.1 ;;
lan) [ "$3" = MASTER ] && ip link set br0 up ;;
esac
exit 0
