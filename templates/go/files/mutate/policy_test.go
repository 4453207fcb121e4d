package main

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// validateJSON returns the response as Kubewarden gets it.
func validateJSON(t *testing.T, request string) map[string]any {
	t.Helper()
	var parsed AdmissionRequest
	if err := json.Unmarshal([]byte(request), &parsed); err != nil {
		t.Fatal(err)
	}
	response, err := json.Marshal(validate(parsed, Settings{Labels: map[string]string{"owner": "platform"}}))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(response))
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var parsed map[string]any
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestMissingLabelsAreAdded(t *testing.T) {
	for object, want := range map[string]string{
		`{}`:                 `{"metadata": {"labels": {"owner": "platform"}}}`,
		`{"metadata": null}`: `{"metadata": {"labels": {"owner": "platform"}}}`,
		`{"metadata": {"labels": {"owner": null}}}`:                                        `{"metadata": {"labels": {"owner": "platform"}}}`,
		`{"spec": {"a": [null, {}]}, "metadata": {"name": "n", "labels": {"app": "web"}}}`: `{"spec": {"a": [null, {}]}, "metadata": {"name": "n", "labels": {"app": "web", "owner": "platform"}}}`,
	} {
		got := validateJSON(t, `{"object": `+object+`}`)
		if !reflect.DeepEqual(got["mutated_object"], any(parse(t, want))) {
			t.Errorf("%s: got %v, want %s", object, got, want)
		}
	}
}

func TestALabelKeepsItsValue(t *testing.T) {
	fixture, err := os.ReadFile("tests/fixtures/labeled.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{
		string(fixture), `{}`, `{"object": null}`, `{"object": {"metadata": {"labels": {"owner": ""}}}}`,
	} {
		if got := validateJSON(t, request); !reflect.DeepEqual(got, map[string]any{"accepted": true}) {
			t.Errorf("%s: got %v", request, got)
		}
	}
}

func TestDigitsAreKept(t *testing.T) {
	object, changed, err := labeled(json.RawMessage(`{"a": 12345678901234567890.10}`), map[string]string{"b": "c"})
	if err != nil || !changed || string(object["a"]) != "12345678901234567890.10" {
		t.Errorf("got %s, %v, %v", object["a"], changed, err)
	}
}

func TestWrongObjectsAreRejected(t *testing.T) {
	for _, object := range []string{`1`, `{"metadata": []}`, `{"metadata": {"labels": "text"}}`} {
		if got := validateJSON(t, `{"object": `+object+`}`); got["code"] != 400.0 {
			t.Errorf("%s: got %v", object, got)
		}
	}
}
