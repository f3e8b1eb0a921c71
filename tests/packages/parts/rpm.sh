# rpm's databases, made by rpm itself from packages made here.
root tools rpm,pacman-package-manager,makepkg,sqlite3,libarchive-tools
rpms=$(copy tools)
mkdir -p "$rpms/build"
for n in $(seq 40); do
    cat >"$rpms/build/t$n.spec" <<EOF
Name: test$n
Version: 1.$n
Release: $((n % 3)).fc37
Epoch: $((n % 2))
Summary: a package for a test
License: none
BuildArch: noarch
%description
A package for a test.
%install
mkdir -p %{buildroot}/opt/t$n/d %{buildroot}/etc
for f in \$(seq 60); do echo "$n \$f" > %{buildroot}/opt/t$n/d/f\$f; done
ln -s d/f1 %{buildroot}/opt/t$n/link
echo conf > %{buildroot}/etc/t$n.conf
%files
/opt/t$n
%config(noreplace) /etc/t$n.conf
%ghost /opt/t$n/ghost
EOF
    sed -i "s/^mkdir -p .*/&; touch %{buildroot}\/opt\/t$n\/ghost/" "$rpms/build/t$n.spec"
done
chroot "$rpms" sh -c 'cd /build && rpmbuild --quiet --define "_topdir /build" -bb *.spec' \
    >"$work/rpmbuild" 2>&1 || fail "rpmbuild" "$(tail -3 "$work/rpmbuild")"

# Debian builds its rpm without the ndb backend.
for backend in sqlite; do
    rm -rf "$rpms/var/lib/rpm" "$rpms"/opt/t* "$rpms"/etc/t*.conf
    run() { chroot "$rpms" rpm --dbpath /var/lib/rpm --define "_db_backend $backend" "$@"; }
    run --initdb
    run -i --nodeps --noscripts /build/RPMS/noarch/*.rpm 2>/dev/null
    run -e test7 test23
    run -qa --qf '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' | sort >"$work/theirs"
    "$ask" state "$rpms" | awk '$1 == "rpm" { print $2, $3 }' | sort >"$work/ours"
    same "$backend: packages as rpm -qa" "$work/theirs" "$work/ours"

    {
        run -qal | shuf -n 950 --random-source=<(yes 3)
        for n in $(seq 50); do echo "/opt/none/$n"; done
    } | sort -u >"$work/paths"
    while read -r path; do
        owner=$(run -qf --qf '%{NAME}\n' "$path" 2>/dev/null | grep -v ' ' | paste -sd,)
        echo "$path $owner"
    done <"$work/paths" >"$work/theirs"
    "$ask" owners "$rpms" <"$work/paths" >"$work/ours"
    same "$backend: owners as rpm -qf" "$work/theirs" "$work/ours"

    echo changed >>"$rpms/opt/t1/d/f9"
    echo changed >>"$rpms/etc/t1.conf"
    rm "$rpms/opt/t2/d/f3" "$rpms/opt/t3/link" "$rpms/etc/t4.conf"
    run -Va --nodeps | sed -n 's/^missing  *[cg]* *\(\/.*\)/missing \1/p; s/^..5[^ ]*  *\(\/.*\)/changed \1/p' |
        sort >"$work/theirs"
    "$ask" verify "$rpms" | grep -E ' /(opt/t|etc/t[0-9])' >"$work/ours"
    # A configuration file is the administrator's: rpm marks it, we pass over it.
    grep -v ' /etc/t' "$work/theirs" >"$work/theirs2"
    same "$backend: changed files as rpm -Va" "$work/theirs2" "$work/ours"
done
: >"$rpms/var/lib/rpm/Packages"
rm -f "$rpms/var/lib/rpm/Packages.db" "$rpms"/var/lib/rpm/rpmdb.sqlite*
if "$ask" state "$rpms" | grep -q '^unread rpm is a Berkeley DB'; then
    pass "a Berkeley DB is said not to be read"
else
    fail "a Berkeley DB is said not to be read"
fi
