#!/bin/bash
IFACE="vlan-${2#VI_}"
[[ $2 == VI_* ]] || exit 0
case $3 in
MASTER) ip link set "$IFACE" up ;;
*) ip link set "$IFACE" down ;;
esac
