#!/bin/sh
[ "$2" = VI_lan ] && systemctl restart dhcpd
exit 0
