#!/bin/sh
family=$(echo "$2" | sed 's/^gw\([46]\)$/-\1/')
[ "$family" = -4 ] || [ "$family" = -6 ] || exit 0
ip $family route replace default dev eth0
