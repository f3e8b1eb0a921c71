#!/bin/sh
log() { logger -t keepalived "$@"; }
up() {
    log "up $1"
    ip route replace default via "$2"
}
down() { log "down $1"; ip route del default; }
main() {
    name=$2
    state=$3
    case $name in
    gw4) via=192.0.2.1 ;;
    *) log "ignoring $name"; return 0 ;;
    esac
    case $state in
    MASTER) up "$name" "$via" ;;
    BACKUP | FAULT | STOP) down "$name" ;;
    esac
}
main "$@"
