#!/bin/bash
re='^VI_[[:alnum:]_-]+$'
if [[ ${2} =~ $re ]]; then
    case ${3,,} in
    master) systemctl start app ;;
    backup|fault|stop) systemctl stop app ;;
    esac
fi
