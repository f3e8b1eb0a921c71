#!/bin/bash
exec >> /var/log/keepalived-notify.log 2>&1
echo "$(date) $1 $2 $3 $4"
