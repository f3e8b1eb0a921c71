#!/bin/sh
sh -c 'case $1 in gw4) ip route replace default via 192.0.2.1 ;; esac' notify "$2"
