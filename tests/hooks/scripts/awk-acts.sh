#!/bin/sh
awk -v name="$2" '$1 == name { system("ip route replace default via " $2) }' /etc/keepalived/table
