#!/bin/sh
while read -r name via; do
    case $name in '' | '#'*) continue ;; esac
    if [ "$name" = "$2" ] && [ "$3" = MASTER ]; then
        ip route replace default via "$via"
    fi
done < /etc/keepalived/table
