# The programs of Debian 13 on the trees of the boundaries: each refuses what the bad tree
# has, and takes what the good one has.
suite=trixie
root newer openssh-server,redis-server,mariadb-server-core,dovecot-core,bind9-utils,nginx,haproxy,openvpn,slapd,varnish,pdns-server,docker.io,lighttpd,squid,apache2
suite=bookworm
newer=$(copy newer)
mkdir -p "$newer/run/sshd" "$newer/try"
chroot "$newer" ssh-keygen -A >/dev/null 2>&1

# ID | FILE | COMMAND | what it says of the bad tree; @ stands for the file.
while IFS='|' read -r id file command says; do
    for kind in bad good; do
        rm -rf "$newer/try"
        cp -a "$here/fixtures/packages-boundary-crossed/$kind-$id/root" "$newer/try"
        said=$(chroot "$newer" env LC_ALL=C timeout 10 sh -c "${command//@//try/$file}" 2>&1 </dev/null)
        if echo "$said" | grep -q -- "$says"; then told=bad; else told=good; fi
        if [ "$told" = "$kind" ]; then
            pass "$id, $kind"
        else
            fail "$id, $kind" "$said"
        fi
    done
done <<'ROWS'
apache-2.4-directives|etc/apache2/apache2.conf|. /etc/apache2/envvars; apache2 -t -f /etc/apache2/apache2.conf -C "Include @"|Invalid command
bind-9.18-options|etc/bind/named.conf.options|named-checkconf @|no longer exists
bind-9.20-options|etc/bind/named.conf.options|named-checkconf @|no longer exists
bind-9.20-auto-dnssec|etc/bind/named.conf.options|named-checkconf @|no longer exists
bind-9.20-delegation-only|etc/bind/named.conf.options|named-checkconf @|unexpected
docker-26-directives|etc/docker/daemon.json|dockerd --validate --config-file @|match any configuration option
dovecot-2.4-configuration|etc/dovecot/dovecot.conf|doveconf -c @|must be dovecot_config_version
haproxy-2.0-forceclose|etc/haproxy/haproxy.cfg|haproxy -c -f @|not supported any more
haproxy-2.1-keywords|etc/haproxy/haproxy.cfg|haproxy -c -f @|not supported anymore
haproxy-2.5-nbproc|etc/haproxy/haproxy.cfg|haproxy -c -f @|not supported any more
haproxy-2.7-bind-process|etc/haproxy/haproxy.cfg|haproxy -c -f @|not supported anymore
lighttpd-1.4.69-modules|etc/lighttpd/lighttpd.conf|(echo 'server.document-root = "/var/www"'; cat @) >/tmp/l; lighttpd -tt -f /tmp/l; echo "status $?"|status 255
mariadb-11-variables|etc/mysql/conf.d/site.cnf|mariadbd --defaults-file=@ --user=nobody --verbose --help|unknown variable
nginx-1.25-ssl|etc/nginx/sites-enabled/default|(echo 'events {} http {'; grep -v ssl_cert @; echo '}') >/tmp/n; nginx -t -c /tmp/n|unknown directive
nginx-1.22-spdy|etc/nginx/sites-enabled/default|(echo 'events {} http {'; cat @; echo '}') >/tmp/n; nginx -t -c /tmp/n|invalid parameter
openssh-10-dss|etc/ssh/sshd_config|sshd=/usr/sbin/sshd; $sshd -t -f @|Bad key types
openssh-7.6-ciphers|etc/ssh/sshd_config|sshd=/usr/sbin/sshd; $sshd -t -f @|Bad SSH2 cipher
openssh-8.5-key-exchange|etc/ssh/sshd_config|sshd=/usr/sbin/sshd; $sshd -t -f @|Unsupported KEX
openvpn-2.5-options|etc/openvpn/site.conf|timeout 2 openvpn --config @|Unrecognized option
openvpn-2.6-options|etc/openvpn/site.conf|timeout 2 openvpn --config @|Unrecognized option
pdns-4.7-ipv6-settings|etc/powerdns/pdns.conf|sed 's/^launch=.*/launch=/' @ >/tmp/pdns.conf; pdns_server --config-dir=/tmp --config=check|unknown setting
pdns-4.9-primary-settings|etc/powerdns/pdns.conf|sed 's/^launch=.*/launch=/' @ >/tmp/pdns.conf; pdns_server --config-dir=/tmp --config=check|unknown setting
redis-7-gopher|etc/redis/redis.conf|(echo dir /tmp; echo port 0; grep -v ^port @) >/tmp/r; timeout 1 redis-server /tmp/r|>>> .gopher-enabled
slapd-2.5-backends-file|etc/ldap/slapd.conf|(echo modulepath /usr/lib/ldap; sed 's/^database.*//' @) >/tmp/s; slaptest -u -f /tmp/s|file not found
squid-helper-directory|etc/squid/squid.conf|(echo http_port 3199; cat @) >/tmp/q; squid -k parse -f /tmp/q|FATAL: Authentication helper
varnish-4-vcl|etc/varnish/default.vcl|varnishd -C -f @|VCL version declaration missing
ROWS
