#!/bin/bash
case $3 in
"MASTER") systemctl start haproxy ;;
"BACKUP" | "FAULT") systemctl stop haproxy ;;
*) logger "unknown state $3"; exit 1 ;;
esac
