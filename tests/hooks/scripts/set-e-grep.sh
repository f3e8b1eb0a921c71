#!/bin/sh
set -eu
echo "$2" | grep -q gw
[ "$3" = MASTER ]
ip route replace default via 192.0.2.1
