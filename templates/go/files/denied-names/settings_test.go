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

func TestNamesCanBeDenied(t *testing.T) {
	for _, json := range []string{
		`{}`, `{"denied_names": null}`, `{"denied_names": []}`, `{"denied_names": ["bad", "worse"]}`,
	} {
		if err := checkSettings(json); err != nil {
			t.Errorf("%s: %v", json, err)
		}
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	for json, reason := range map[string]string{
		`{"denied_names": ["bad", ""]}`: "an empty name",
		`{"denied_names": "bad"}`:       "cannot unmarshal string",
		`{"denied_name": []}`:           `unknown field "denied_name"`,
	} {
		if err := checkSettings(json); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: got %v, want %s", json, err, reason)
		}
	}
}
