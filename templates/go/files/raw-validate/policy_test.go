package main

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

func validateJSON(request string) Response {
	return validate(json.RawMessage(request), Settings{DeniedNames: []string{"bad"}})
}

func fixture(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("tests/fixtures/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFixtures(t *testing.T) {
	rejected := Reject(403, "name bad is not accepted")
	if got := validateJSON(fixture(t, "rejected.json")); !reflect.DeepEqual(got, rejected) {
		t.Errorf("rejected.json: got %+v", got)
	}
	if got := validateJSON(fixture(t, "accepted.json")); !reflect.DeepEqual(got, Accept()) {
		t.Errorf("accepted.json: got %+v", got)
	}
}

func TestDocumentsWithoutANameAreAccepted(t *testing.T) {
	for _, request := range []string{"null", "1", `"bad"`, `["bad"]`, "{}", `{"name": 7}`, `{"name": null}`} {
		if got := validateJSON(request); !reflect.DeepEqual(got, Accept()) {
			t.Errorf("%s: got %+v", request, got)
		}
	}
}
