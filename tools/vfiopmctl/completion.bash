# SPDX-License-Identifier: MIT
# Completion of vfiopmctl for bash: commands, their options, and PCI addresses. It reads the
# names in sysfs, and so wakes nothing.
# shellcheck shell=bash

_vfiopmctl() {
	# bash takes the colons of an address for the ends of words, so the line is taken apart here.
	local line=${COMP_LINE:0:COMP_POINT} words word options
	local -A of=(
		[list]='--all --json'
		[show]='--json'
		[probe]='--json'
		[enter]='--wakeup --again --for --json'
		[watch]='--all --interval --for --json'
		[doctor]='--open --json'
	)

	read -ra words <<<"$line"
	word=${line##* }
	[ -n "$word" ] || words+=('')
	COMPREPLY=()
	if [ ${#words[@]} -le 2 ]; then
		mapfile -t COMPREPLY < <(compgen -W "${!of[*]} --help --version" -- "$word")
		return
	fi
	options=${of[${words[1]}]-}
	case ${words[-2]} in
	--for | --interval) return ;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	elif [ -n "$options" ] && [ "${words[1]}" != list ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/bus/pci/devices 2>/dev/null)" -- "$word")
		# Only what comes behind the last colon is to be put in.
		[[ $word != *:* || ${COMP_WORDBREAKS-:} != *:* ]] ||
			COMPREPLY=("${COMPREPLY[@]#"${word%:*}":}")
	fi
}

complete -F _vfiopmctl vfiopmctl
