#!/bin/sh
if [ "$2" != gw4 ]; then
    exit 0
fi
[ "$3" != MASTER ] || conntrackd -c
