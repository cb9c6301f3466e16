# SPDX-License-Identifier: MIT
# Completion of vfiopmctl for bash: commands, their options, and PCI addresses. It reads only
# names in sysfs, which wakes no device.
# shellcheck shell=bash

_vfiopmctl() {
	# bash splits words at the colons of an address, so this function splits the line itself.
	local line=${COMP_LINE:0:COMP_POINT} words word options
	local -A of=(
		[list]='--all --json'
		[show]='--json'
		[probe]='--json'
		[enter]='--wakeup --again --for --json'
		[watch]='--all --interval --for --json'
		[doctor]='--open --json'
		[help]=''
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
	if [ "${words[1]}" = help ]; then
		[ ${#words[@]} -gt 3 ] ||
			mapfile -t COMPREPLY < <(compgen -W "${!of[*]}" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	elif [ -n "$options" ] && [ "${words[1]}" != list ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/bus/pci/devices 2>/dev/null)" -- "$word")
		# bash inserts only the text after the last colon.
		[[ $word != *:* || ${COMP_WORDBREAKS-:} != *:* ]] ||
			COMPREPLY=("${COMPREPLY[@]#"${word%:*}":}")
	fi
}

complete -F _vfiopmctl vfiopmctl
