#!/bin/sh
case "$1" in
INSTANCE)
    case "$3" in
    MASTER)
        case "$2" in
        gw[46]) ip route replace default via 192.0.2.1 ;;
        *) : ;;
        esac
        ;;
    esac
    ;;
GROUP) logger "group $2" ;;
esac
