package main

import (
	"strings"
	"testing"
)

func checkSettings(json string) error {
	settings, err := readSettings[Settings]([]byte(json))
	if err != nil {
		return err
	}
	return settings.check()
}

func TestLabelsCanBeConfigured(t *testing.T) {
	for _, json := range []string{
		`{}`, `{"labels": null}`, `{"labels": {}}`, `{"labels": {"owner": "platform", "empty": ""}}`,
		`{"labels": {"example.com/tier_1.a": "A-1"}}`,
	} {
		if err := checkSettings(json); err != nil {
			t.Errorf("%s: %v", json, err)
		}
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	for json, reason := range map[string]string{
		`{"labels": {"": "a"}}`:                                "its key must be",
		`{"labels": {"not a key": ""}}`:                        "its key must be",
		`{"labels": {"-a": ""}}`:                               "its key must be",
		`{"labels": {"` + strings.Repeat("a", 64) + `": ""}}`:  "its key must be",
		`{"labels": {"Example.com/a": ""}}`:                    "a DNS name",
		`{"labels": {"/a": ""}}`:                               "a DNS name",
		`{"labels": {"a": "not a value"}}`:                     "its value must be",
		`{"labels": {"a": "` + strings.Repeat("a", 64) + `"}}`: "its value must be",
		`{"labels": ["a"]}`:                                    "cannot unmarshal array",
		`{"label": {}}`:                                        `unknown field "label"`,
	} {
		if err := checkSettings(json); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: got %v, want %s", json, err, reason)
		}
	}
}
