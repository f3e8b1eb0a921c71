#!/bin/bash
zone=$(cut -d_ -f2 <<< "$2")
[ "$zone" = lan ] && systemctl reload named
exit 0
