# SPDX-License-Identifier: MIT
# The Debian packages that the scripts beside this file need, and their installation. The
# scripts source this file.
# shellcheck shell=bash

# README.md names these. Meson learns Debian's library directory from dpkg-dev.
# shellcheck disable=SC2034  # the scripts that source this file use the variables
BUILD_PACKAGES=(gcc libc6-dev dpkg-dev meson ninja-build pkg-config libudev-dev libjson-c-dev)
# udev has the udevd and the hwdb of the tests; groff, man-db and mandoc render the man pages;
# acpica-tools compile ACPI tables; rustc compiles a program that vfiopm-sim runs.
# shellcheck disable=SC2034
TEST_PACKAGES=(git g++ binutils clang-format libcmocka-dev groff-base man-db mandoc udev
	acpica-tools rustc)
# shellcheck disable=SC2034
COVERAGE_PACKAGES=(gcovr)
# shellcheck disable=SC2034
LAB_PACKAGES=(qemu-system-x86 busybox-static cpio xz-utils zstd acpica-tools)
# For the kernels of other Debian releases, for kernels and modules that are built, and for a bare
# Debian.
# shellcheck disable=SC2034
LAB_FULL_PACKAGES=(debian-archive-keyring make flex bison bc libelf-dev libssl-dev debootstrap
	gcc-12 patch)

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

# Install the missing ones of these packages. A script calls this once, with all packages that it
# will need.
need_packages() {
	local missing=() package as_root=()

	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
		die "this script installs packages with apt-get, and this system has no apt-get." \
			"Install what corresponds to: $*. Then use meson (see README.md)."
	for package; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "packages are missing, and only root can install them." \
				"As root, run: apt-get install ${missing[*]}"
		as_root=(sudo)
	fi
	say "installing ${#missing[@]} Debian packages: ${missing[*]}"
	"${as_root[@]}" apt-get update -qq || say "the package lists could not be updated"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
		die "apt-get could not install these packages (see above)"
}
