#!/bin/sh
echo "$1 $2 went to $3" >> /var/log/vrrp.log
logger -t vrrp "$1 $2 $3"
exit 0
