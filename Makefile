# Targets install what they need: `scripts/wasm-toolchain` finds or installs the toolchain that compiles policies, and
# `scripts/test-programs` installs the other programs that the tests use.

.PHONY: test lint fuzz attack demo bench man setup clean

# Everything shares a profile, so that dependencies are compiled once.
CARGO_FLAGS := --profile checked --locked

test: setup
	cargo test $(CARGO_FLAGS)
	scripts/test-package

lint:
	cargo fmt --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --no-deps --document-private-items

# Feeds arbitrary bytes to each parser for a minute.
fuzz:
	FUZZ_SECONDS=60 cargo test $(CARGO_FLAGS) --test suite fuzz::

# Sends signals, kills and races many times, and prints what it counted. Takes minutes.
attack:
	ATTACK_ROUNDS=200 cargo test $(CARGO_FLAGS) --test suite -- --nocapture attack:: a_signal_from_elsewhere

# Creates, builds, tests and runs a policy, and shows each step.
demo:
	cargo build $(CARGO_FLAGS) --bins --examples
	scripts/demo

# Measures times and sizes, and fails if one exceeds its limit.
bench: setup
	cargo bench --locked --bench limits

# Writes the manual pages to target/man.
man:
	cargo run $(CARGO_FLAGS) --example man -- target/man

setup:
	scripts/wasm-toolchain > /dev/null
	scripts/test-programs

clean:
	cargo clean
