# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What scripts/run and scripts/test share; sourced by them.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where build directories are made.
BUILD=${POTOO_BUILD_DIR:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# list_packages GROUP…: the packages of these groups in scripts/packages.
list_packages() {
  local group
  for group in "$@"; do
    sed -n "s/^$group: *//p" "$TOP/scripts/packages"
  done | tr ' ' '\n' | sed '/^$/d'
}

# list_missing PACKAGE…: those of them that are neither installed nor provided by one that is
# (Node.js of other sources holds npm).
list_missing() {
  local installed
  # shellcheck disable=SC2016 # dpkg-query's own variables
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}, ${Provides}\n' |
    sed -n 's/^ii *//p' | sed 's/([^)]*)//g' | tr -s ', ' '\n')
  printf '%s\n' "$@" | grep -vxF -e "${installed:-none}"
}

# install_packages GROUP…: installs what is missing of these groups.
install_packages() {
  local packages missing
  local as_root=()

  mapfile -t packages < <(list_packages "$@")
  command -v dpkg-query >/dev/null ||
    die "this is no Debian; it needs what these packages of Debian 12 hold: ${packages[*]}"
  mapfile -t missing < <(list_missing "${packages[@]}")
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "missing packages, and neither root nor sudo to install them. As root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  printf 'Installing: %s\n' "${missing[*]}"
  "${as_root[@]}" apt-get -q update </dev/null || die 'apt-get update failed'
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends install "${missing[@]}" </dev/null ||
    die 'apt-get install failed'
}

# build_in DIRECTORY MESON-OPTION…: sets the directory up unless it is with the
# same options, and builds all of it.
build_in() {
  local directory=$1 stamp
  shift
  stamp="$TOP $*"
  if [ "$(cat "$directory/.options" 2>/dev/null)" != "$stamp" ]; then
    [ ! -e "$directory" ] || [ -e "$directory/.options" ] ||
      die "$directory is no build directory of this script: move it away"
    rm -rf "$directory"
    mkdir -p "$directory"
    printf 'unfinished' >"$directory/.options"
    meson setup "$directory" "$TOP" "$@" >"$directory.log" 2>&1 || {
      cat "$directory.log" >&2
      return 1
    }
    printf '%s' "$stamp" >"$directory/.options"
  fi
  ninja -C "$directory" --quiet >"$directory.log" 2>&1 || {
    tail -n 60 "$directory.log" >&2
    return 1
  }
}
