#!/bin/sh
# Installs Sluice as a systemd service on a Raspberry Pi or another Linux box.
#
#   sudo ./install.sh                     publish the sources that this script lies in, and install that
#   sudo ./install.sh --from FOLDER       install a folder that 'dotnet publish' made elsewhere
#   sudo ./install.sh --uninstall         remove program and service; configuration, data and the user who owns them stay
#   sudo ./install.sh --uninstall --purge remove configuration, data and user as well
#   ./install.sh --root FOLDER ...        put the files under FOLDER (an image, a package); no users, no service is touched
#   ./install.sh --help
#
# It may be run again at any time: it updates the program and the unit, and leaves an existing configuration alone.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
repository=$(CDPATH='' cd -- "$here/../.." && pwd)
root='' from='' action=install purge=no

fail() { echo "install.sh: $*" >&2; exit 1; }
usage() { echo "install.sh: $*; see $0 --help" >&2; exit 2; }
say() { echo "  $*"; }

while [ $# -gt 0 ]; do
    case $1 in
        --from) [ $# -ge 2 ] || usage "--from needs a folder"; from=$2; shift ;;
        --root) [ $# -ge 2 ] || usage "--root needs a folder"; root=${2%/}; shift ;;
        --uninstall) action=uninstall ;;
        --purge) purge=yes ;;
        --help | -h) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) usage "unknown option '$1'" ;;
    esac
    shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || usage "--purge goes with --uninstall only"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "must be run as root: sudo $0 (or with --root FOLDER for a try)"

program=$root/opt/sluice
configuration=$root/etc/sluice
unit=$root/etc/systemd/system/sluice.service
link=$root/usr/local/bin/sluice
state=$root/var/lib/sluice

# True where systemd runs and the installation is for this very machine.
manages_service() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

uninstall() {
    echo "Removing Sluice from ${root:-this machine}"
    if manages_service; then
        systemctl disable --now sluice.service >/dev/null 2>&1 || true
        say "service stopped and disabled"
    fi
    rm -f "$unit" "$link"
    rm -rf "$program"
    if manages_service; then systemctl daemon-reload; fi
    say "removed $program, $unit, $link"
    if [ "$purge" = yes ]; then
        rm -rf "$configuration" "$state"
        say "removed $configuration and $state"
    else
        say "kept $configuration and $state (--purge removes them)"
    fi
    if [ -z "$root" ] && [ "$purge" = yes ] && id sluice >/dev/null 2>&1; then
        userdel sluice
        say "removed the user sluice"
    fi
}

# The published folder is in $from afterwards.
publish() {
    if [ -n "$from" ]; then
        [ -d "$from" ] || fail "--from $from: there is no such folder"
        [ -x "$from/sluice" ] || fail "--from $from: holds no program 'sluice'; make the folder with: dotnet publish gateway -c Release -r linux-arm64 --self-contained -o FOLDER"
        return
    fi
    [ -f "$repository/Gateway.sln" ] || fail "$repository holds no sources; name a published folder with --from"
    command -v dotnet >/dev/null 2>&1 || fail "the .NET SDK 10 is needed to publish: https://dotnet.microsoft.com/download; or publish elsewhere and use --from"
    case $(uname -m) in
        aarch64) runtime=linux-arm64 ;;
        x86_64) runtime=linux-x64 ;;
        armv7l) fail "32-bit ARM is not supported; use a 64-bit operating system" ;;
        *) fail "the machine $(uname -m) is not supported: arm64 and x64 are" ;;
    esac
    from=$(mktemp -d)
    trap 'rm -rf "$from"' EXIT
    say "publishing for $runtime (some minutes on a small board)"
    dotnet publish "$repository/gateway" -c Release -r "$runtime" --self-contained -o "$from" --nologo -v quiet >"$from.log" 2>&1 \
        || { tail -20 "$from.log" >&2; fail "dotnet publish failed; the whole log is $from.log"; }
    rm -f "$from.log"
}

# Users are the machine's own: never made for another root.
create_user() {
    if [ -n "$root" ]; then return; fi
    for group in gpio i2c spi; do
        getent group "$group" >/dev/null || { groupadd --system "$group"; say "group $group made"; }
    done
    if ! id sluice >/dev/null 2>&1; then
        useradd --system --user-group --no-create-home --home-dir /var/lib/sluice --shell /usr/sbin/nologin sluice
        say "user sluice made"
    fi
    usermod --append --groups gpio,i2c,spi sluice
}

copy_program() {
    # Beside the old one first, so that a full disk leaves the old program in place.
    rm -rf "$program.new"
    mkdir -p "$program.new"
    cp -R "$from/." "$program.new/"
    cp "$here/README.md" "$program.new/README.md"
    [ -f "$repository/configs/reference.yaml" ] && cp "$repository/configs/reference.yaml" "$program.new/reference.yaml"
    chmod -R u=rwX,go=rX "$program.new"
    chmod 755 "$program.new/sluice"
    rm -rf "$program.old"
    if [ -d "$program" ]; then mv "$program" "$program.old"; fi
    mv "$program.new" "$program"
    rm -rf "$program.old"
    mkdir -p "$(dirname "$link")"
    ln -sfn /opt/sluice/sluice "$link"
    say "program in $program"
}

copy_configuration() {
    mkdir -p "$configuration"
    if [ -f "$configuration/sluice.yaml" ]; then
        say "kept $configuration/sluice.yaml"
    else
        name=$(hostname 2>/dev/null | tr -c 'A-Za-z0-9._\n-' '-')
        sed "s/@HOSTNAME@/${name:-gateway}/" "$here/sluice.yaml" >"$configuration/sluice.yaml"
        chmod 640 "$configuration/sluice.yaml"
        say "configuration in $configuration/sluice.yaml"
    fi
    if [ ! -f "$configuration/environment" ]; then
        printf '# KEY=value lines for the service, for example:\n# SLUICE_SYNC__0__POSTGRES=Host=db.example.com;Database=telemetry;Username=sluice;Password=secret\n' >"$configuration/environment"
        chmod 600 "$configuration/environment"
    fi
    mkdir -p "$state"
    chmod 750 "$state"
    if [ -z "$root" ]; then
        chown root:sluice "$configuration/sluice.yaml"
        chown sluice:sluice "$state"
    fi
}

enable_service() {
    mkdir -p "$(dirname "$unit")"
    cp "$here/sluice.service" "$unit"
    chmod 644 "$unit"
    say "unit in $unit"
    if manages_service; then
        systemctl daemon-reload
        systemctl enable sluice.service >/dev/null 2>&1
        systemctl restart sluice.service || fail "the service did not start; see: journalctl -u sluice -n 50"
        say "service enabled and started: systemctl status sluice"
    elif [ -z "$root" ]; then
        say "systemd does not run here: the unit is installed, not started"
    fi
}

if [ "$action" = uninstall ]; then
    uninstall
else
    echo "Installing Sluice into ${root:-this machine}"
    publish
    create_user
    copy_program
    copy_configuration
    enable_service
fi
