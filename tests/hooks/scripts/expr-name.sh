#!/bin/sh
if expr "$2" : 'gw[46]$' > /dev/null; then
    [ "$3" = MASTER ] && ip route replace default via 192.0.2.1
fi
length=`expr length "$2"`
[ "$length" = 6 ] && [ "$3" = MASTER ] && systemctl start dhcpd
exit 0
