#!/bin/bash
if grep -q '^gw' <<< "$2"; then
    [[ $3 == MASTER ]] && ip route replace default via 192.0.2.1
fi
exit 0
