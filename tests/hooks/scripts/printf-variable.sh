#!/bin/bash
printf -v key '%s:%s' "${2,,}" "${3,,}"
case $key in
vi_lan:master) systemctl start dhcpd ;;
gw?:master) ip route replace default via 192.0.2.1 ;;
esac
