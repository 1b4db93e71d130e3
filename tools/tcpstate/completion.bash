# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of tcpstate(1) for bash: commands, options, states, living sockets, files.

_tcpstate_sockets() {
	tcpstate list --json 2> /dev/null |
		sed -n 's/^ *"local": "\([^"]*\)",$/\1/p; s/^ *"remote": "\([^"]*\)",$/-\1/p' |
		paste -d '' - -
}

_tcpstate() {
	local cur prev words cword
	_init_completion -n : || return
	local states='listen syn-sent syn-recv established fin-wait1 fin-wait2 closing time-wait close-wait last-ack'

	if [[ $cword == 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'list watch top show ladder plot dot record abort --help' -- "$cur")
		return
	fi
	case $prev in
	-s | --state)
		mapfile -t COMPREPLY < <(compgen -W "$states" -- "$cur")
		return
		;;
	-o | --output)
		_filedir
		return
		;;
	-n | --netns)
		mapfile -t COMPREPLY < <(compgen -W "$(ip netns list 2> /dev/null | cut -d ' ' -f 1)" -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(tcpstate "${words[1]}" --help 2> /dev/null |
			sed -n 's/^  -., \(--[a-z]*\).*/\1/p')" -- "$cur")
		return
	fi
	case ${words[1]} in
	show | ladder | plot | record | abort)
		mapfile -t COMPREPLY < <(compgen -W "$(_tcpstate_sockets)" -- "$cur")
		__ltrim_colon_completions "$cur"
		;;
	esac
	case ${words[1]} in
	show | ladder | plot | dot) _filedir pcapng ;;
	esac
}

complete -F _tcpstate tcpstate
