# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion of potooctl for bash: commands, options, and what the running Potoo knows.

# What the first column of a list says.
_potooctl_list() { potooctl "$@" 2>/dev/null | sed 1d | awk '{ print $1 }'; }

# The ids of events and locks.
_potooctl_ids() { potooctl --json "$@" 2>/dev/null | grep -o '"id":"[0-9a-f]*"' | cut -d'"' -f4; }

_potooctl() {
  local word=${COMP_WORDS[COMP_CWORD]} command='' words='' i
  local options='--json --system --user --help'
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -* ]] || command+="${command:+ }${COMP_WORDS[i]}"
  done
  case $command in
    '') words="cameras status storage segments gaps coverage events bookmark record locks snapshot verify viewers watch clock $options --version" ;;
    cameras) words="list show add edit remove settings $options" ;;
    events) words="list add edit end remove $options --start= --end= --kind=" ;;
    record) words="start stop $options" ;;
    segments) words="list delete $(_potooctl_list cameras) $options" ;;
    'segments delete'*) words="$options --yes" ;;
    locks) words="list add edit remove $options" ;;
    'events edit' | 'events end'* | 'events remove'*) words="$(_potooctl_ids events) $options" ;;
    'events add '* | 'events edit '*) words="kind= start= end= duration= score= title= metadata= $options" ;;
    'locks edit' | 'locks remove'*) words="$(_potooctl_ids locks) $options" ;;
    'locks edit '*) words="start= end= expires= reason= $options" ;;
    'locks add '*) words="$options --start= --end= --expires=" ;;
    'events add' | 'events list' | bookmark | 'record start' | 'record stop'* | 'locks add' | 'locks list')
      words="$(_potooctl_list cameras) $options"
      ;;
    'bookmark '*) words="$options --start= --end=" ;;
    viewers) words="list disconnect $options" ;;
    'viewers disconnect'*) words="$(_potooctl_list viewers) $options" ;;
    'cameras add') words="rtsp:// $options --adopt --ask-password --password-file=" ;;
    'cameras remove'*) words="$(_potooctl_list cameras) $options --delete-recordings --yes" ;;
    'cameras show' | 'cameras edit' | 'segments list' | gaps | coverage | snapshot | watch*)
      words="$(_potooctl_list cameras) $options"
      ;;
    'cameras add '* | 'cameras edit '*)
      words="$(_potooctl_list cameras settings | sed 's/$/=/') $options --ask-password --password-file="
      ;;
    'segments '* | 'gaps '* | 'coverage '*) words="$options --start= --end=" ;;
    clock) words="correct $options" ;;
    'clock correct') words="$(_potooctl_list clock) $options" ;;
    verify*) words="$options --repair --status --stop" ;;
    'snapshot '*) words="$options --height=" ;;
    *) words=$options ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [[ ${COMPREPLY[0]-} == *= || ${COMPREPLY[0]-} == *:// ]] && compopt -o nospace 2>/dev/null
  return 0
}

complete -o default -F _potooctl potooctl
