#!/bin/sh
hook=/etc/keepalived/by-name/$2
[ -x "$hook" ] || exit 0
exec "$hook" "$3"
