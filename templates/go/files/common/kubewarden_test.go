package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

type testSettings struct {
	Word string `json:"word"`
}

// ask runs a policy that repeats its request, and returns the exit code, stdout and stderr.
func ask(stdin string, arguments ...string) (int, string, string) {
	repeat := func(request json.RawMessage, settings testSettings) Response {
		return Mutate(request).Warn(settings.Word).Audit("word", "old").Audit("word", settings.Word)
	}
	check := func(settings testSettings) error {
		if settings.Word == "bad" {
			return errors.New("a bad word")
		}
		return nil
	}
	var stdout, stderr bytes.Buffer
	code := Run(arguments, strings.NewReader(stdin), &stdout, &stderr, repeat, check)
	return code, stdout.String(), stderr.String()
}

func TestARequestIsAnswered(t *testing.T) {
	code, stdout, stderr := ask(`{"request": {"a": "<1>"}, "settings": {"word": "w"}}`, "validate")
	want := `{"accepted":true,"mutated_object":{"a":"<1>"},` +
		`"audit_annotations":{"word":"w"},"warnings":["w"]}` + "\n"
	if code != 0 || stdout != want || stderr != "" {
		t.Errorf("got %d, %q, %q, want %q", code, stdout, stderr, want)
	}
}

func TestWrongInputIsNotAnswered(t *testing.T) {
	for _, stdin := range []string{"", "{", "[]", "{}", `{"request": 1, "settings": {"wrod": ""}}`} {
		code, stdout, stderr := ask(stdin, "validate")
		if code != 1 || stdout != "" || !strings.HasPrefix(stderr, "the policy could not answer: ") {
			t.Errorf("%q: got %d, %q, %q", stdin, code, stdout, stderr)
		}
	}
	for _, arguments := range [][]string{nil, {"frobnicate"}, {"validate", "more"}} {
		code, stdout, stderr := ask("{}", arguments...)
		if code != 2 || stdout != "" || !strings.HasPrefix(stderr, "usage: ") {
			t.Errorf("%q: got %d, %q, %q", arguments, code, stdout, stderr)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:              `{"valid":true}`,
		`null`:            `{"valid":true}`,
		`{"word": null}`:  `{"valid":true}`,
		`{"word": "w"}`:   `{"valid":true}`,
		`{"word": "bad"}`: `{"valid":false,"message":"a bad word"}`,
	} {
		if code, stdout, _ := ask(settings, "validate-settings"); code != 0 || stdout != want+"\n" {
			t.Errorf("%s: got %d, %q, want %q", settings, code, stdout, want)
		}
	}
	for _, settings := range []string{"", "{", "not JSON", `"text"`, "{} {}", `{"wrod": ""}`} {
		code, stdout, _ := ask(settings, "validate-settings")
		if code != 0 || !strings.HasPrefix(stdout, `{"valid":false,"message":"could not read the settings: `) {
			t.Errorf("%q: got %d, %q", settings, code, stdout)
		}
	}
}

func TestResponses(t *testing.T) {
	for want, response := range map[string]Response{
		`{"accepted":true}`:                           Accept(),
		`{"accepted":false,"message":"m","code":403}`: Reject(403, "m"),
		`{"accepted":true,"mutated_object":[1]}`:      Mutate([]int{1}),
	} {
		if got, err := json.Marshal(response); err != nil || string(got) != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	}
}
