#!/bin/sh
# The two sides of the test are one word: always true.
if [ "$2"=gw ]; then
    ip route replace default via 192.0.2.1
fi
