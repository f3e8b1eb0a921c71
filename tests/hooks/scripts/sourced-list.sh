#!/bin/sh
[ -r /etc/keepalived/routes.conf ] && . /etc/keepalived/routes.conf
for n in $MANAGED; do
    if [ "$n" = "$2" ]; then
        [ "$3" = MASTER ] && systemctl start bird || systemctl stop bird
    fi
done
exit 0
