#!/bin/sh
grep -qxF "$2" /etc/keepalived/names || exit 0
[ "$3" = MASTER ] && birdc enable upstream
[ "$3" = BACKUP ] && birdc disable upstream
exit 0
