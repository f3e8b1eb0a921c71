#!/bin/bash
name=${2//[0-9]/}
case ${name/VI_/} in
gw) [ "${3:0:1}" = M ] && ip route replace default via 192.0.2.1 ;;
esac
exit 0
