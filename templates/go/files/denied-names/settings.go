package main

import "errors"

// Settings are what can be configured.
type Settings struct {
	// DeniedNames are not accepted.
	DeniedNames []string `json:"denied_names"`
}

// check finds what the types cannot rule out; the message is for whoever deploys the policy.
func (s Settings) check() error {
	if s.denies("") {
		return errors.New("`denied_names` must not contain an empty name")
	}
	return nil
}

func (s Settings) denies(name string) bool {
	for _, denied := range s.DeniedNames {
		if denied == name {
			return true
		}
	}
	return false
}
