
# `cargo kw-wasi …` is completed like `cargo-kw-wasi …`, everything else behind `cargo` as before.
__cargo_kw_wasi_before=$(complete -p cargo 2>/dev/null | sed -n 's/.*-F \([^ ]*\).*/\1/p')
if [[ $__cargo_kw_wasi_before == __cargo_kw_wasi_behind_cargo ]]; then
    __cargo_kw_wasi_before=
fi
__cargo_kw_wasi_behind_cargo() {
    if [[ ${COMP_WORDS[1]} == kw-wasi && $COMP_CWORD -gt 1 ]]; then
        COMP_WORDS=(cargo-kw-wasi "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo-kw-wasi cargo-kw-wasi "$2" "$3"
    elif [[ -n $__cargo_kw_wasi_before ]]; then
        "$__cargo_kw_wasi_before" "$@"
    fi
}
complete -o bashdefault -o default -F __cargo_kw_wasi_behind_cargo cargo
