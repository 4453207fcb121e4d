
# `cargo kw-wasi …` is completed like `cargo-kw-wasi …`, everything else after `cargo` as before.
__cargo_kw_wasi_after_cargo() {
    if [[ ${COMP_WORDS[1]} == kw-wasi && $COMP_CWORD -gt 1 ]]; then
        COMP_WORDS=(cargo-kw-wasi "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        FUNCTION_OF_CLAP cargo-kw-wasi "$2" "$3"
        return
    fi
    # What bash-completion would have loaded at the first use.
    local loader
    for loader in _comp_load __load_completion; do
        if [[ -z $__cargo_kw_wasi_before ]] && declare -F "$loader" >/dev/null && "$loader" cargo; then
            __cargo_kw_wasi_take_over
        fi
    done
    if [[ -n $__cargo_kw_wasi_before ]]; then
        "$__cargo_kw_wasi_before" "$@"
    elif [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W kw-wasi -- "$2"))
    fi
}
__cargo_kw_wasi_take_over() {
    local before
    before=$(complete -p cargo 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
    if [[ -n $before && $before != __cargo_kw_wasi_after_cargo ]]; then
        __cargo_kw_wasi_before=$before
    fi
    complete -o bashdefault -o default -F __cargo_kw_wasi_after_cargo cargo
}
__cargo_kw_wasi_take_over
