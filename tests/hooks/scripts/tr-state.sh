#!/bin/sh
state=`echo $3 | tr A-Z a-z`
name=`echo $2 | tr -d '_'`
case $state-$name in
master-gw4) ip route replace default via 192.0.2.1 ;;
master-VIlan) systemctl start dhcpd ;;
esac
