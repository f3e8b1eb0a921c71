#!/bin/sh
while read name verb unit; do
    [ "$name" = "$2" ] && [ "$3" = MASTER ] && systemctl $verb $unit
done << 'TABLE'
gw4 start bird
VI_lan restart dhcpd
TABLE
exit 0
