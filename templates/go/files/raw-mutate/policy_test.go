package main

import (
	"encoding/json"
	"os"
	"testing"
)

func validateJSON(t *testing.T, request string) string {
	t.Helper()
	settings := Settings{Labels: map[string]string{"owner": "platform"}}
	response, err := json.Marshal(validate(json.RawMessage(request), settings))
	if err != nil {
		t.Fatal(err)
	}
	return string(response)
}

func TestMissingLabelsAreAdded(t *testing.T) {
	for request, want := range map[string]string{
		`{}`:                        `{"labels":{"owner":"platform"}}`,
		`{"labels":{"owner":null}}`: `{"labels":{"owner":"platform"}}`,
		`{"list":[null,{}],"size":0.10,"labels":{"app":"web"}}`: `{"labels":{"app":"web","owner":"platform"},"list":[null,{}],"size":0.10}`,
	} {
		want = `{"accepted":true,"mutated_object":` + want + `}`
		if got := validateJSON(t, request); got != want {
			t.Errorf("%s: got %s, want %s", request, got, want)
		}
	}
}

func TestOtherDocumentsAreAcceptedAsTheyAre(t *testing.T) {
	labeled, err := os.ReadFile("tests/fixtures/labeled.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{string(labeled), "null", "1", `"text"`, "[{}]", `{"labels": "text"}`} {
		if got := validateJSON(t, request); got != `{"accepted":true}` {
			t.Errorf("%s: got %s", request, got)
		}
	}
}
