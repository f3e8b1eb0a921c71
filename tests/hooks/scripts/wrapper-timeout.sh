#!/bin/sh
[ "$2" = gw4 ] && timeout 5 ip route replace default via 192.0.2.1
[ "$2" = gw6 ] && nohup conntrackd -c > /dev/null 2>&1 &
exit 0
