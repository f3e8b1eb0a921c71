#!/bin/sh
case $(hostname) in
lb1) prefer=gw4 ;;
lb2) prefer=gw6 ;;
esac
if [ "$2" = "$prefer" ] && [ "$3" = MASTER ]; then
    ip route replace default via 192.0.2.1
fi
