#!/bin/sh
[ "$1" = INSTANCE -a "$2" = gw4 -a "$3" = MASTER ] && arping -c 3 -A -I eth0 192.0.2.10
true
