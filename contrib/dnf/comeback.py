"""Asks comeback before dnf changes anything; README.md beside this file says how.

A plugin of dnf 4 (dnf 4.14, dnf/plugin.py): an error that is raised before the transaction
stops it. Whatever else goes wrong here is said, and dnf goes on.
"""

import os
import pwd
import re
import subprocess
import sys
import time

import dnf
import dnf.exceptions

PROGRAM = os.environ.get("COMEBACK_PROGRAM", "/usr/bin/comeback")
LOG = os.environ.get("COMEBACK_LOG", "/var/log/comeback-dnf.log")
DEADLINE = "60s"


def say(text):
    """What the administrator reads, on standard error."""
    sys.stderr.write("comeback: %s\n" % text)
    sys.stderr.flush()


def steps(transaction):
    """The transaction as lines of a plain list."""
    lines = ["manager rpm"]
    for item in transaction:
        package = item.pkg
        if item.action in dnf.transaction.FORWARD_ACTIONS:
            # What stays beside its other versions, as kernels do, is installed; everything
            # else takes the place of what was there.
            alone = item.action == dnf.transaction.PKG_INSTALL
            lines.append("%s %s" % ("install" if alone else "upgrade", package.localPkg()))
        elif item.action in (dnf.transaction.PKG_REMOVE, dnf.transaction.PKG_OBSOLETED):
            names = (package.name, package.version, package.release, package.arch)
            lines.append("remove %s-%s-%s.%s" % names)
    return lines


def log_accepted(rules, reason):
    """Leaves a trace of a reason that was given."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    line = "accepted by %s: %s: %s" % (user, " ".join(rules), reason)
    say(line)
    try:
        subprocess.run(["logger", "-t", "comeback", line], check=False)
    except OSError:
        pass
    try:
        with open(LOG, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write("%s %s\n" % (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line))
    except OSError as error:
        say("%s: %s" % (LOG, error))


class Comeback(dnf.Plugin):
    """Stops what newly breaks the next boot."""

    name = "comeback"

    def pre_transaction(self):
        """Called when everything is downloaded, before rpm runs."""
        if not os.access(PROGRAM, os.X_OK):
            return
        root = self.base.conf.installroot
        command = [PROGRAM, "check", "--transaction", "-", "--deadline", DEADLINE]
        command += ["--color", "never"] + ([] if root == "/" else [root])
        try:
            plan = "".join(line + "\n" for line in steps(self.base.transaction))
            asked = subprocess.run(
                command,
                input=plan.encode("utf-8", "surrogateescape"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=90,
                check=False,
            )
        except (OSError, subprocess.SubprocessError, AttributeError) as error:
            say("no verdict on this transaction (%s); dnf goes on." % error)
            return
        said = asked.stdout.decode("utf-8", "replace")
        if asked.returncode == 0:
            return
        if asked.returncode != 1:
            if asked.returncode != 3:
                for line in said.splitlines()[-3:]:
                    say(line)
            say("no verdict on this transaction (status %d); dnf goes on." % asked.returncode)
            return
        sys.stderr.write(said)
        reason = os.environ.get("COMEBACK_ACCEPT", "")
        if reason:
            rules = sorted(set(re.findall(r"^block\[([a-z-]*)\]", said, re.MULTILINE)))
            log_accepted(rules, reason)
            return
        raise dnf.exceptions.Error(
            "comeback: dnf is stopped before anything is changed. To go on all the same, say "
            "why (it is logged): COMEBACK_ACCEPT='REASON' dnf ..."
        )
