#!/bin/sh
echo "$3" | grep -qi master && echo "$2" | grep -qv '^VI_' && conntrackd -c
exit 0
