#!/bin/sh
digit=${2#gw}
case $digit in
4 | 6) ip "-$digit" route replace default dev eth0 ;;
esac
