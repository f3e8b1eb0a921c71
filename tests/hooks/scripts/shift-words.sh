#!/bin/sh
type=$1; shift
name=$1; shift
state=$1; shift
[ $# -gt 0 ] && prio=$1
[ "$type" = GROUP ] && exit 0
[ "$state" = MASTER ] || exit 0
set -- $name extra
case $1 in gw4) conntrackd -n ;; esac
