#!/bin/bash
type=INSTANCE
while getopts 'vt:' option -- -v -t x; do
    case $option in v) verbose=1 ;; t) type=$OPTARG ;; *) exit 2 ;; esac
done
[ "$2" = gw4 ] && [ "$3" = MASTER ] && ip route replace default via 192.0.2.1
exit 0
