
# `cargo kw-wasi …` is completed like `cargo-kw-wasi …`, beside everything else behind `cargo`.
complete -c cargo -n '__fish_seen_subcommand_from kw-wasi' -f -a '(complete -C (string replace -r "^\\S+\\s+kw-wasi" cargo-kw-wasi (commandline -cp)))'
complete -c cargo -n __fish_use_subcommand -f -a kw-wasi -d 'Create, build and deploy Kubewarden policies'
