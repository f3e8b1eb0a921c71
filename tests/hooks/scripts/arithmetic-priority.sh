#!/bin/sh
prio=$4
if [ "$((prio + 50))" -ge 150 ]; then
    [ "$3" = MASTER ] && [ "$1" = INSTANCE ] && systemctl start app
fi
exit 0
