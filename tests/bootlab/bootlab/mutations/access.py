"""Network, SSH, accounts, PAM, gettys: who can reach the machine once it is up."""

import shutil

from . import mutation

INITS = "systemd sysvinit openrc runit"
PAM = "/usr/lib/x86_64-linux-gnu/security"
SSHD = "/etc/ssh/sshd_config"
INTERFACES = "/etc/network/interfaces"


def without_line(tree, path, start):
    """Takes the lines away that begin with a word."""
    lines = tree.read(path).splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    if len(kept) == len(lines):
        raise RuntimeError(f"{path}: no line begins with {start}")
    tree.write(path, "".join(kept))


# Lines added to the end of sshd_config.
SSHD_LINES = [
    ("sshd_conf_unknown", "access", "NO-SSH", "NoSuchDirective yes", "an unknown directive in sshd_config"),
    ("sshd_conf_bad_value", "access", "NO-SSH", "PermitRootLogin maybe", "a wrong value in sshd_config"),
    ("sshd_conf_deprecated", "-", "OK", "UsePrivilegeSeparation yes\nKeyRegenerationInterval 3600", "deprecated directives in sshd_config"),
    ("sshd_conf_root_no", "access", "NO-SSH", "PermitRootLogin no", "root may not log in over SSH, and nobody else is there"),
    ("sshd_conf_allowusers", "access", "NO-SSH", "AllowUsers admin", "AllowUsers names an account that does not exist"),
    ("sshd_conf_denyusers", "access", "NO-SSH", "DenyUsers root", "DenyUsers root"),
    ("sshd_conf_keys_elsewhere", "access", "NO-SSH", "AuthorizedKeysFile /etc/ssh/keys/%u", "AuthorizedKeysFile points where no keys are"),
    ("sshd_conf_pubkey_no", "access", "NO-SSH", "PubkeyAuthentication no", "PubkeyAuthentication no"),
    ("sshd_conf_listen_absent", "access", "NO-SSH", "ListenAddress 192.0.2.77", "ListenAddress of an address the machine does not have"),
    ("sshd_conf_hostkey_missing", "-", "OK", "HostKey /etc/ssh/ssh_host_ed25519_key\nHostKey /etc/ssh/no_such_key", "one HostKey of two does not exist"),
    ("sshd_conf_hostkey_only_missing", "access", "NO-SSH", "HostKey /etc/ssh/no_such_key", "the only HostKey does not exist"),
    ("sshd_conf_match_bad", "access", "NO-SSH", "Match Nonsense foo\n  X11Forwarding no", "a Match block with an unknown criterion"),
    ("sshd_conf_include_missing", "-", "OK", "Include /etc/ssh/absent/*.conf", "an Include that matches nothing"),
    ("sshd_conf_banner_missing", "-", "OK", "Banner /etc/issue.gone", "a Banner file that does not exist"),
    ("sshd_conf_subsystem_missing", "-", "OK", "Subsystem backup /opt/gone", "a Subsystem whose program does not exist"),
    ("sshd_conf_forcecommand", "access", "NO-SSH", "ForceCommand /opt/gone/menu", "ForceCommand names a program that does not exist"),
    ("sshd_conf_maxstartups_bad", "access", "NO-SSH", "MaxStartups 0", "MaxStartups 0"),
]
for _name, _link, _believed, _line, _what in SSHD_LINES:

    @mutation(_name, "systemd", _link, _believed, _what)
    def _(tree, text=_line):
        tree.append(SSHD, "\n" + text + "\n")


@mutation("sshd_conf_gone", "systemd sysvinit", "access", "NO-SSH", "no sshd_config")
def _(tree):
    tree.remove(SSHD)


@mutation("sshd_conf_empty", "systemd", "-", "OK", "sshd_config is empty")
def _(tree):
    tree.write(SSHD, "")


@mutation("sshd_conf_port_2222", "systemd", "access", "NO-SSH", "sshd listens on another port only")
def _(tree):
    tree.append(SSHD, "\nPort 2222\n")


@mutation("sshd_binary_gone", "systemd sysvinit", "access", "NO-SSH", "the program sshd removed")
def _(tree):
    tree.remove("/usr/sbin/sshd")


@mutation("ssh_hostkeys_mode", "systemd sysvinit", "access", "NO-SSH", "host keys readable by everybody")
def _(tree):
    for path in tree.at("/etc/ssh").glob("ssh_host_*_key"):
        path.chmod(0o644)


@mutation("ssh_hostkeys_gone", "systemd", "access", "NO-SSH", "no host keys")
def _(tree):
    for path in tree.at("/etc/ssh").glob("ssh_host_*"):
        path.unlink()


@mutation("ssh_hostkeys_zero", "systemd", "access", "NO-SSH", "host keys are empty files (a power cut)")
def _(tree):
    for path in tree.at("/etc/ssh").glob("ssh_host_*_key"):
        path.write_bytes(b"")


@mutation("ssh_one_hostkey_left", "systemd", "-", "OK", "one host key of three left")
def _(tree):
    for kind in ("rsa", "ecdsa"):
        tree.remove(f"/etc/ssh/ssh_host_{kind}_key")


@mutation("ssh_envfile_missing", "systemd", "access", "NO-SSH", "EnvironmentFile= (no dash) of a missing file for ssh")
def _(tree):
    tree.write("/etc/systemd/system/ssh.service.d/x.conf", "[Service]\nEnvironmentFile=/etc/default/gone\n")


@mutation("ssh_not_to_be_run", "systemd sysvinit", "access", "NO-SSH", "/etc/ssh/sshd_not_to_be_run was left behind")
def _(tree):
    tree.write("/etc/ssh/sshd_not_to_be_run", "")


@mutation("sshd_user_gone", "systemd sysvinit", "access", "NO-SSH", "the sshd user missing from passwd")
def _(tree):
    without_line(tree, "/etc/passwd", "sshd:")


@mutation("ssh_dir_world_writable", "systemd", "access", "NO-SSH", "/root/.ssh and its keys are writable by everybody")
def _(tree):
    tree.chmod("/root/.ssh", 0o777)
    tree.chmod("/root/.ssh/authorized_keys", 0o666)


@mutation("root_home_world_writable", "systemd", "access", "NO-SSH", "/root has mode 0777")
def _(tree):
    tree.chmod("/root", 0o777)


@mutation("authorized_keys_gone", "systemd", "access", "NO-SSH", "root's authorized_keys removed")
def _(tree):
    tree.remove("/root/.ssh/authorized_keys")


@mutation("ssh_socket_instead", "systemd", "-", "OK", "ssh.socket enabled in place of ssh.service")
def _(tree):
    tree.chroot("systemctl disable ssh.service; systemctl enable ssh.socket")


@mutation("ssh_socket_other_port", "systemd", "access", "NO-SSH", "ssh.socket in place of ssh.service, listening on 2222")
def _(tree):
    tree.chroot("systemctl disable ssh.service; systemctl enable ssh.socket")
    tree.write("/etc/systemd/system/ssh.socket.d/x.conf", "[Socket]\nListenStream=\nListenStream=2222\n")


@mutation("passwd_gone", "systemd sysvinit", "access", "NO-SSH", "no /etc/passwd")
def _(tree):
    tree.remove("/etc/passwd")


@mutation("passwd_empty", "systemd", "access", "NO-SSH", "/etc/passwd is empty")
def _(tree):
    tree.write("/etc/passwd", "")


@mutation("passwd_no_root", "systemd sysvinit", "access", "NO-LOGIN", "root missing from /etc/passwd (nothing to heal it)")
def _(tree):
    without_line(tree, "/etc/passwd", "root:")


@mutation("passwd_mode_600", "systemd", "-", "OK", "/etc/passwd readable by root only")
def _(tree):
    tree.chmod("/etc/passwd", 0o600)


@mutation("group_gone", "systemd", "access", "NO-SSH", "no /etc/group")
def _(tree):
    tree.remove("/etc/group")


@mutation("shadow_gone", "systemd sysvinit", "access", "NO-LOGIN", "no shadow file")
def _(tree):
    tree.remove("/etc/shadow")


@mutation("shadow_empty", "systemd", "access", "NO-LOGIN", "the shadow file is empty")
def _(tree):
    tree.write("/etc/shadow", "")


@mutation("root_locked", "systemd", "access", "NO-LOGIN", "root's password locked, key in place")
def _(tree):
    tree.sub("/etc/shadow", r"^root:\$", "root:!$")


@mutation("root_expired", "systemd", "access", "NO-LOGIN", "root's account expired in 1990")
def _(tree):
    tree.sub("/etc/shadow", r"^(root:[^:]*:[^:]*:[^:]*:[^:]*:[^:]*:[^:]*):[^:]*:", r"\1:7300:")


@mutation("root_password_aged", "systemd", "access", "NO-LOGIN", "root's password is older than its greatest age")
def _(tree):
    tree.sub("/etc/shadow", r"^(root:[^:]*):[^:]*:[^:]*:[^:]*:", r"\1:10000:0:90:")


@mutation("root_locked_emergency", "systemd", "mounts", "EMERGENCY", "root locked and a mount that fails")
def _(tree):
    tree.sub("/etc/shadow", r"^root:\$", "root:!$")
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", "tmpfs /srv/data tmpfs nosuchoption 0 0\n")


@mutation("root_shell_gone", "systemd", "access", "NO-LOGIN", "root's shell is /bin/zsh, which is not installed")
def _(tree):
    tree.sub("/etc/passwd", r"^(root:.*):/bin/bash$", r"\1:/bin/zsh")


@mutation("root_shell_nologin", "systemd", "access", "NO-LOGIN", "root's shell is nologin")
def _(tree):
    tree.sub("/etc/passwd", r"^(root:.*):/bin/bash$", r"\1:/usr/sbin/nologin")


@mutation("profile_exits", "systemd", "access", "NO-LOGIN", "/etc/profile says exit")
def _(tree):
    tree.write("/etc/profile", "exit 0\n")


@mutation("bashrc_exec_gone", "systemd", "access", "NO-LOGIN", "root's .bashrc and .profile exec a program that is not there")
def _(tree):
    for name in (".bashrc", ".profile"):
        tree.write(f"/root/{name}", "exec /usr/bin/fish\n")


@mutation("pam_unix_gone", "systemd sysvinit", "access", "NO-LOGIN", "pam_unix.so removed")
def _(tree):
    tree.remove(f"{PAM}/pam_unix.so")


@mutation("pam_modules_purged", "systemd", "access", "NO-SSH", "package libpam-modules removed by dpkg, dependencies or not")
def _(tree):
    tree.chroot("dpkg --force-all --remove libpam-modules")


@mutation("pam_optional_gone", "systemd", "-", "OK", "pam_systemd.so removed (optional in the stack)")
def _(tree):
    tree.remove(f"{PAM}/pam_systemd.so")


@mutation("pam_env_gone", "systemd", "access", "NO-SSH", "pam_env.so removed (required in the stack)")
def _(tree):
    tree.remove(f"{PAM}/pam_env.so")


@mutation("pam_nologin_gone", "systemd", "access", "NO-SSH", "pam_nologin.so removed (required in the stack)")
def _(tree):
    tree.remove(f"{PAM}/pam_nologin.so")


@mutation("pam_common_auth_gone", "systemd", "access", "NO-LOGIN", "/etc/pam.d/common-auth removed")
def _(tree):
    tree.remove("/etc/pam.d/common-auth")


@mutation("pam_common_account_gone", "systemd", "access", "NO-SSH", "/etc/pam.d/common-account removed")
def _(tree):
    tree.remove("/etc/pam.d/common-account")


@mutation("pam_sshd_gone", "systemd", "access", "NO-SSH", "/etc/pam.d/sshd removed: the service `other` decides")
def _(tree):
    tree.remove("/etc/pam.d/sshd")


@mutation("pam_login_gone", "systemd", "access", "NO-LOGIN", "/etc/pam.d/login removed: the service `other` decides")
def _(tree):
    tree.remove("/etc/pam.d/login")


@mutation("pam_dir_gone", "systemd sysvinit", "access", "NO-LOGIN", "/etc/pam.d removed")
def _(tree):
    tree.remove("/etc/pam.d")


@mutation("pam_unknown_module", "systemd", "access", "NO-LOGIN", "common-auth requires a module that is not installed")
def _(tree):
    text = tree.read("/etc/pam.d/common-auth")
    tree.write("/etc/pam.d/common-auth", "auth required pam_tally2.so deny=3\n" + text)


@mutation("pam_securetty", "systemd", "access", "NO-LOGIN", "login requires pam_securetty, ttyS0 is not listed")
def _(tree):
    text = tree.read("/etc/pam.d/login")
    tree.write("/etc/pam.d/login", "auth required pam_securetty.so\n" + text)
    tree.write("/etc/securetty", "tty1\n")


@mutation("pam_access_deny", "systemd", "access", "NO-SSH", "pam_access in the account stack lets nobody in")
def _(tree):
    tree.append("/etc/pam.d/common-account", "account required pam_access.so\n")
    tree.write("/etc/security/access.conf", "-:ALL:ALL\n")


@mutation("limits_garbage", "systemd", "-", "OK", "limits.conf with a line of garbage")
def _(tree):
    tree.append("/etc/security/limits.conf", "root hard nofile many\nnonsense\n")


@mutation("nsswitch_gone", "systemd", "-", "OK", "no nsswitch.conf")
def _(tree):
    tree.remove("/etc/nsswitch.conf")


@mutation("nsswitch_ldap_first", "systemd", "-", "OK", "nsswitch.conf asks ldap first, its library is not installed")
def _(tree):
    tree.sub("/etc/nsswitch.conf", r"^(passwd|group|shadow):\s+", r"\1: ldap ")


@mutation("agetty_gone", "systemd sysvinit runit", "access", "NO-LOGIN", "the program agetty removed")
def _(tree):
    tree.remove("/sbin/agetty")


@mutation("login_gone", "systemd", "access", "NO-LOGIN", "the program login removed")
def _(tree):
    tree.remove("/bin/login")


@mutation("login_setuid_world", "systemd", "-", "OK", "/bin/login and /bin/bash have mode 0700")
def _(tree):
    tree.chmod("/bin/login", 0o700)
    tree.chmod("/bin/bash", 0o700)


# What the text of the interfaces file becomes.
CASES = [
    ("if_wrong_name", "systemd sysvinit openrc runit", "network", "NO-NETWORK", r"eth0", "enp3s0", "interfaces names a card the machine does not have"),
    ("if_syntax", "systemd sysvinit", "network", "NO-NETWORK", r"^iface eth0 inet dhcp", "iface eth0 inet dhcp\nnonsense here\nauto: x", "interfaces with an unknown word at line start"),
    ("if_method_typo", "systemd", "network", "NO-NETWORK", r"inet dhcp", "inet dhpc", "interfaces with a mistyped method"),
    ("if_not_auto", "systemd sysvinit", "network", "NO-NETWORK", r"^auto eth0\n", "", "eth0 is not marked auto"),
    ("if_hotplug", "systemd", "-", "OK", r"^auto eth0", "allow-hotplug eth0", "eth0 is marked allow-hotplug in place of auto"),
    ("if_static_no_gateway", "systemd", "network", "NO-NETWORK", r"inet dhcp", "inet static\n    address 10.0.2.15/24", "a static address without a gateway"),
    ("if_static", "systemd", "-", "OK", r"inet dhcp", "inet static\n    address 10.0.2.15/24\n    gateway 10.0.2.2", "a static address with a gateway"),
    ("if_gateway_outside", "systemd", "network", "NO-NETWORK", r"inet dhcp", "inet static\n    address 10.0.2.15/24\n    gateway 192.0.2.1", "a static address whose gateway is outside its network"),
    ("if_pre_up_fails", "systemd", "network", "NO-NETWORK", r"inet dhcp", "inet dhcp\n    pre-up /opt/gone/script", "a pre-up command that does not exist"),
    ("if_post_up_fails", "systemd", "-", "DEGRADED", r"inet dhcp", "inet dhcp\n    post-up /opt/gone/script", "a post-up command that does not exist"),
    ("if_unknown_option", "systemd", "-", "OK", r"inet dhcp", "inet dhcp\n    no-such-option 1", "an unknown option in a stanza"),
    ("if_extra_auto", "systemd", "-", "DEGRADED", r"^auto eth0", "auto eth0 eth1", "a second card marked auto that is not configured"),
    ("if_missing_card_first", "systemd sysvinit", "-", "DEGRADED", r"^auto eth0", "auto eth9\niface eth9 inet dhcp\n\nauto eth0", "a card that is not there comes first"),
    ("if_bridge_no_tools", "systemd", "network", "NO-NETWORK", r"auto eth0\niface eth0 inet dhcp", "auto br0\niface br0 inet dhcp\n    bridge_ports eth0", "a bridge, and no bridge-utils installed"),
    ("if_source_missing", "systemd", "-", "OK", r"^auto lo", "source /etc/network/absent.d/*\nauto lo", "a source line that matches nothing"),
]
for _name, _bases, _link, _believed, _old, _new, _what in CASES:

    @mutation(_name, _bases, _link, _believed, _what)
    def _(tree, old=_old, new=_new):
        tree.sub(INTERFACES, old, new)


@mutation("if_gone", "systemd sysvinit", "network", "NO-NETWORK", "no /etc/network/interfaces")
def _(tree):
    tree.remove(INTERFACES)


@mutation("if_in_directory", "systemd", "-", "OK", "eth0 is configured by a file in interfaces.d")
def _(tree):
    text = tree.read(INTERFACES)
    eth = text[text.index("auto eth0") :]
    tree.write(INTERFACES, text.replace(eth, "") + "source-directory /etc/network/interfaces.d\n")
    tree.write("/etc/network/interfaces.d/eth0", eth)


@mutation("if_in_directory_dot", "systemd", "network", "NO-NETWORK", "the same file is called eth0.cfg, which source-directory leaves out")
def _(tree):
    text = tree.read(INTERFACES)
    eth = text[text.index("auto eth0") :]
    tree.write(INTERFACES, text.replace(eth, "") + "source-directory /etc/network/interfaces.d\n")
    tree.write("/etc/network/interfaces.d/eth0.cfg", eth)


@mutation("if_up_script_fails", "systemd", "network", "NO-NETWORK", "an if-pre-up.d script that exits 1")
def _(tree):
    tree.write("/etc/network/if-pre-up.d/x", "#!/bin/sh\nexit 1\n", 0o755)


@mutation("dhclient_gone", "systemd sysvinit", "network", "NO-NETWORK", "the DHCP client removed")
def _(tree):
    tree.remove("/usr/sbin/dhclient", "/usr/sbin/dhclient-script")


@mutation("dhclient_script_gone", "systemd", "network", "NO-NETWORK", "dhclient-script removed")
def _(tree):
    tree.remove("/usr/sbin/dhclient-script")


@mutation("ip_gone", "systemd sysvinit", "network", "NO-NETWORK", "the program ip removed")
def _(tree):
    tree.remove("/usr/bin/ip")


@mutation("ifup_gone", "systemd", "network", "NO-NETWORK", "the program ifup removed")
def _(tree):
    tree.remove("/usr/sbin/ifup")


@mutation("networking_disabled", "systemd", "network", "NO-NETWORK", "networking.service disabled")
def _(tree):
    tree.chroot("systemctl disable networking.service")


@mutation("link_renames_card", "systemd:direct", "network", "NO-NETWORK", "a .link file that renames the card to lan0")
def _(tree):
    tree.write("/etc/systemd/network/10-lan.link", "[Match]\nMACAddress=52:54:00:12:34:56\n[Link]\nName=lan0\n")


@mutation("udev_persistent_other_mac", "systemd", "-", "OK", "70-persistent-net.rules of the machine that this was cloned from")
def _(tree):
    rule = 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="00:16:3e:00:00:01", NAME="eth0"\n'
    tree.write("/etc/udev/rules.d/70-persistent-net.rules", rule)


@mutation("hostname_gone", "systemd", "-", "OK", "no /etc/hostname")
def _(tree):
    tree.remove("/etc/hostname")


@mutation("hosts_gone", "systemd", "-", "OK", "no /etc/hosts")
def _(tree):
    tree.remove("/etc/hosts")


@mutation("resolv_conf_dangling", "systemd", "-", "OK", "resolv.conf is a dangling link")
def _(tree):
    tree.link("/etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf")


@mutation("nftables_drop", "systemd", "access", "NO-SSH", "an early service puts a packet filter that drops all that comes in")
def _(tree):
    text = "[Unit]\nDescription=filter\nBefore=network-pre.target\nWants=network-pre.target\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/usr/sbin/ip route add blackhole 10.0.2.2/32\n"
    tree.write("/etc/systemd/system/filter.service", text)
    tree.link("/etc/systemd/system/sysinit.target.wants/filter.service", "/etc/systemd/system/filter.service")


@mutation("networkd_conf_gone", "networkd", "network", "NO-NETWORK", "no .network file")
def _(tree):
    tree.remove("/etc/systemd/network/10-eth0.network")


@mutation("networkd_wrong_name", "networkd", "network", "NO-NETWORK", "the .network file names a card the machine does not have")
def _(tree):
    tree.sub("/etc/systemd/network/10-eth0.network", "eth0", "ens3")


@mutation("networkd_unreadable", "networkd", "network", "NO-NETWORK", "the .network file is readable by root only")
def _(tree):
    tree.chmod("/etc/systemd/network/10-eth0.network", 0o600)


@mutation("networkd_suffix", "networkd", "network", "NO-NETWORK", "the .network file is called 10-eth0.conf")
def _(tree):
    old = tree.at("/etc/systemd/network/10-eth0.network")
    shutil.move(old, old.with_name("10-eth0.conf"))


@mutation("networkd_masked", "networkd", "network", "NO-NETWORK", "systemd-networkd.service masked")
def _(tree):
    tree.link("/etc/systemd/system/systemd-networkd.service", "/dev/null")


@mutation("networkd_earlier_file", "networkd", "network", "NO-NETWORK", "an earlier .network file matches every card and says nothing")
def _(tree):
    tree.write("/etc/systemd/network/05-all.network", "[Match]\nName=*\n[Network]\nDHCP=no\nLinkLocalAddressing=no\n")


@mutation("networkd_typo", "networkd", "-", "OK", "an unknown key in the .network file")
def _(tree):
    tree.append("/etc/systemd/network/10-eth0.network", "DHPC=yes\n")


@mutation("networkd_user_gone", "networkd", "network", "NO-NETWORK", "the user systemd-network missing from passwd and group")
def _(tree):
    without_line(tree, "/etc/passwd", "systemd-network:")
    without_line(tree, "/etc/group", "systemd-network:")
    tree.remove("/usr/lib/sysusers.d/systemd-network.conf") if tree.exists("/usr/lib/sysusers.d/systemd-network.conf") else None
