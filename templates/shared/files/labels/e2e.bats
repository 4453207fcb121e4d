#!/usr/bin/env bats

# `make e2e-tests` runs these tests on the annotated policy if `cargo kw-wasi` is not installed.

answer() {
  run kwctl run --request-path "tests/fixtures/$1" \
    --settings-path tests/fixtures/settings.json annotated-policy.wasm
  echo "$output"
}

@test "a missing label is added" {
  answer unlabeled.json
  [ "$status" -eq 0 ]
  echo "$output" | grep -F '"allowed":true'
  echo "$output" | grep -F '"patchType":"JSONPatch"'
}

@test "a label keeps its value" {
  answer labeled.json
  [ "$status" -eq 0 ]
  echo "$output" | grep -F '"allowed":true'
  [[ "$output" != *'"patch"'* ]]
}

@test "wrong settings are refused" {
  run kwctl run --request-path tests/fixtures/unlabeled.json \
    --settings-json '{"labels": {"not a key": ""}}' annotated-policy.wasm
  echo "$output"
  [ "$status" -eq 1 ]
  echo "$output" | grep -F 'not a key'
}
