# SPDX-License-Identifier: MIT
# What the scripts beside this file need from Debian, and how they get it.
# Sourced by them.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used where this is sourced
BUILD_PACKAGES=(gcc libc6-dev meson ninja-build pkg-config libudev-dev libjson-c-dev)
# udev is there for its udevd and its hwdb; groff, man-db and mandoc render the man pages.
# shellcheck disable=SC2034
TEST_PACKAGES=(git g++ binutils libcmocka-dev groff-base man-db mandoc udev)
# shellcheck disable=SC2034
LAB_PACKAGES=(qemu-system-x86 busybox-static cpio xz-utils acpica-tools)
# For kernels of other Debian releases, and one that is built.
# shellcheck disable=SC2034
LAB_FULL_PACKAGES=(debian-archive-keyring make flex bison bc libelf-dev libssl-dev)

say() {
	printf '==> %s\n' "$*"
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Install those of the packages named that are missing.
need_packages() {
	local missing=() package as_root=()

	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
		die "this script installs what it needs with apt-get, which is not here. On" \
			"another system install the like of: $*. Then use meson (see README.md)."
	for package; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "packages are missing, and neither are we root nor is there sudo. As" \
				"root, run: apt-get install ${missing[*]}"
		as_root=(sudo)
	fi
	say "installing from Debian: ${missing[*]}"
	"${as_root[@]}" apt-get update -qq || say "the package lists could not be updated"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
		die "apt-get could not install these packages (see above)"
}
