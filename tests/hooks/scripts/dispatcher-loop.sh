#!/bin/bash
for hook in /etc/keepalived/notify.d/*; do
    [ -x "$hook" ] && "$hook" "$@"
done
exit 0
