#!/bin/sh
logger "$2 $3"
if [ "$3" = MASTER ]; then
    ip route replace default via 192.0.2.1
