#!/bin/sh
kind=$(echo "$2" | cut -c1-2)
version=$(echo "$2" | cut -c3)
if [ "$kind" = gw ] && [ "$3" = MASTER ]; then
    ip "-$version" route replace default dev eth0
fi
