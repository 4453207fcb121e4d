# README's commands. Each does all its set-up: `scripts/wasm-toolchain` gets what policies are compiled with,
# `scripts/test-programs` what else tests need.

.PHONY: test lint fuzz demo bench man setup clean

# One profile for tests and demo, so that dependencies are compiled once.
CARGO_FLAGS := --profile checked --locked

test: setup
	cargo test $(CARGO_FLAGS)

lint:
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --document-private-items
	cargo package --locked --allow-dirty --list > /dev/null

# Arbitrary bytes, a minute of each kind.
fuzz:
	FUZZ_SECONDS=60 cargo test $(CARGO_FLAGS) --test suite fuzz::

# From nothing to a tested policy and the manifest that deploys it, shown step by step.
demo:
	cargo build $(CARGO_FLAGS) --bins --examples
	scripts/demo

# Times and sizes beside their limits; fails when one is over.
bench: setup
	cargo bench --locked --bench limits

# The manual: `man target/man/cargo-kw-wasi.1`.
man:
	cargo run $(CARGO_FLAGS) --example man -- target/man

setup:
	scripts/wasm-toolchain > /dev/null
	scripts/test-programs

clean:
	cargo clean
