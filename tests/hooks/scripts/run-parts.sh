#!/bin/sh
exec run-parts --arg="$1" --arg="$2" --arg="$3" /etc/keepalived/notify.d
