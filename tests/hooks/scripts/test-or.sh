#!/bin/sh
test "$3" = MASTER -o "$3" = BACKUP || exit 0
test "$2" = VI_lan && systemctl restart dnsmasq
exit 0
