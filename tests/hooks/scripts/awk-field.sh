#!/bin/sh
name=$(echo "$2" | awk -F_ '{ print $NF }')
if [ "$name" = lan ]; then
    systemctl restart dhcpd
fi
