#!/bin/sh
NAMES="gw4 VI_lan"
case " $NAMES " in
*" $2 "*) ;;
*) exit 0 ;;
esac
[ "$3" = MASTER ] && ip addr add 198.51.100.7/32 dev lo
[ "$3" = BACKUP ] && ip addr del 198.51.100.7/32 dev lo
exit 0
