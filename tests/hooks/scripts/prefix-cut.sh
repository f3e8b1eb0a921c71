#!/bin/sh
name=${2#VI_}
if [ "$name" = lan ]; then
    [ "$3" = MASTER ] && systemctl start dhcpd
fi
exit 0
